"""A refresh token is refused in the hands of whoever it was not issued to, and that ends nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import Refusal
from accounts.login import start_session
from accounts.models import TokenFamily, User
from accounts.rotation import Granted, Refused, rotate_tokens
from accounts.simplejwt.base import TokenError
from accounts.simplejwt.tokens import RefreshToken
from accounts.tokens import AccessToken
from tests.accounts.conftest import Sent
from tests.accounts.forging import parts

JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
Start = Callable[..., Granted]


@pytest.fixture
def start(alice: User, call: HttpRequest) -> Start:
    def started(**fields: str) -> Granted:
        return start_session(alice, transport="body", amr=["pwd"], request=call, now=timezone.now(), **fields)

    return started


def rotated(token: str, **holder: str) -> Granted | Refused:
    return rotate_tokens(token, request=None, now=timezone.now(), **holder)


@pytest.mark.parametrize(
    ("fields", "holder", "reason"),
    [
        ({"client": "app"}, {}, "other_client"),
        ({"client": "app"}, {"client": "other"}, "other_client"),
        ({}, {"client": "app"}, "other_client"),
        ({"client": "simplejwtapp"}, {"client": "app"}, "other_client"),
        ({"dpop_jkt": JKT}, {}, "other_key"),
        ({"dpop_jkt": JKT}, {"jkt": JKT[::-1]}, "other_key"),
        ({}, {"jkt": JKT}, "other_key"),
    ],
)
def test_another_holder_is_refused_and_the_session_goes_on(
    fields: dict[str, str], holder: dict[str, str], reason: str, start: Start, sent: list[Sent]
) -> None:
    granted = start(**fields)
    outcome = rotated(granted.refresh, **holder)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is (Refusal.PROOF if reason == "other_key" else Refusal.INVALID)
    assert (sent[-1].name, sent[-1].data) == ("token_rejected", {"reason": reason})
    assert TokenFamily.objects.get().revoked_at is None


def test_an_old_token_without_its_key_ends_nothing(start: Start) -> None:
    granted = start(dpop_jkt=JKT)
    newer = rotated(granted.refresh, jkt=JKT)
    assert isinstance(newer, Granted)
    assert isinstance(rotated(newer.refresh, jkt=JKT), Granted)
    assert isinstance(rotated(granted.refresh), Refused)
    assert TokenFamily.objects.get().revoked_at is None


def test_both_tokens_name_the_key_they_are_bound_to(start: Start) -> None:
    granted = start(dpop_jkt=JKT)
    found: list[Any] = [parts(token)[1]["cnf"] for token in (granted.access, granted.refresh)]
    assert found == [{"jkt": JKT}] * 2
    unbound = start()
    assert all("cnf" not in parts(token)[1] for token in (unbound.access, unbound.refresh))


def test_code_that_reads_a_token_itself_does_not_take_a_bound_one_for_a_bearers(start: Start) -> None:
    bound, bearer = start(dpop_jkt=JKT), start()
    for kind, name in ((AccessToken, "access"), (RefreshToken, "refresh")):
        kind(getattr(bearer, name))
        with pytest.raises(TokenError):
            kind(getattr(bound, name))


def test_a_session_of_simplejwt_is_no_clients(start: Start) -> None:
    granted = start(client="simplejwt")
    assert isinstance(rotated(granted.refresh), Granted)
