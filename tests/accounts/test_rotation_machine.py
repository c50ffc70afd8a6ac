"""Rotation against a plain model of it: any order of refreshes, retries, replays, logouts, changes and pauses."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.test import RequestFactory
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import keys, logout
from accounts.errors import Refusal
from accounts.keys.documents import with_new_key
from accounts.keys.ring import provider
from accounts.login import start_session
from accounts.models import TokenFamily, User
from accounts.rotation import Granted, rotate_tokens
from tests.accounts.test_rotation import NOW

GRACE, IDLE, WHOLE = timedelta(seconds=10), timedelta(days=7), timedelta(days=30)


@dataclass
class Model:
    """What a session should be."""

    started: datetime
    rotated: datetime
    tokens: list[str] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    is_alive: bool = True
    has_credentials: bool = True

    @property
    def generation(self) -> int:
        return len(self.tokens)


class Rotation(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.request = RequestFactory().post("/")

    @initialize()
    def log_in(self) -> None:
        keys.reset()
        User.objects.all().delete()
        self.user = User.objects.create_user("alice@example.com", "secret", email_verified_at=NOW)
        granted = start_session(self.user, transport="body", amr=["pwd"], request=self.request, now=self.now)
        self.model = Model(self.now, self.now)
        self._issue(granted.refresh)

    def _issue(self, token: str) -> None:
        self.model.tokens.append(token)
        self.model.ends.append(min(self.now + IDLE, self.model.started + WHOLE))

    def _present(self, number: int) -> None:
        """Present the token of a generation and check the answer against the model."""
        model, token = self.model, self.model.tokens[number - 1]
        behind = model.generation - number
        outcome = rotate_tokens(token, request=None, now=self.now)
        if self.now >= model.ends[number - 1]:
            assert not isinstance(outcome, Granted)
            assert outcome.refusal in {Refusal.EXPIRED, Refusal.INVALID}
        elif not model.is_alive or not model.has_credentials:
            assert not isinstance(outcome, Granted)
            assert outcome.refusal is Refusal.REVOKED
            model.is_alive = False
        elif behind == 0:
            assert isinstance(outcome, Granted)
            assert outcome.refresh not in model.tokens
            model.rotated = self.now
            self._issue(outcome.refresh)
        elif behind == 1 and self.now - model.rotated < GRACE:
            assert isinstance(outcome, Granted)
            assert outcome.refresh == model.tokens[-1]
        elif self.now >= model.ends[-1]:
            assert not isinstance(outcome, Granted)
        else:
            assert not isinstance(outcome, Granted)
            assert outcome.refusal is Refusal.REUSED
            model.is_alive = False

    @rule()
    def refresh(self) -> None:
        self._present(self.model.generation)

    @precondition(lambda self: self.model.generation > 1)
    @rule()
    def retry(self) -> None:
        self._present(self.model.generation - 1)

    @precondition(lambda self: self.model.generation > 2)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        self._present(data.draw(st.integers(1, self.model.generation - 2)))

    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(self.model.tokens))
        had_ended = TokenFamily.objects.get().revoked_at is not None
        assert logout.log_out(token, None, request=self.request, now=self.now) is not had_ended
        self.model.is_alive = False

    @rule()
    def change_password(self) -> None:
        User.objects.update(password=make_password(str(self.now)))
        self.model.has_credentials = False

    @rule(step=st.sampled_from([1, 5, 9, 10, 11, 3600, 86_400, 5 * 86_400]))
    def wait(self, step: int) -> None:
        self.now += timedelta(seconds=step)

    @rule()
    def rotate_keys(self) -> None:
        provider().store(with_new_key(provider().load(), "refresh", "HS256", self.now))

    @invariant()
    def there_is_one_row_and_it_is_what_the_model_says(self) -> None:
        row = TokenFamily.objects.get()
        assert row.generation == self.model.generation
        assert row.rotated_at == self.model.rotated
        assert row.idle_expires_at == self.model.ends[-1]
        assert (row.revoked_at is None) == self.model.is_alive


@pytest.fixture(autouse=True)
def own_keys() -> Iterator[None]:
    yield
    keys.reset()


@pytest.mark.django_db
def test_any_order_of_events_comes_out_as_the_model_says() -> None:
    run_state_machine_as_test(
        Rotation,
        settings=settings(
            max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
