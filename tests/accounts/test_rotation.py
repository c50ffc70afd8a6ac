"""What a refresh token is exchanged for, in every state of its session."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections, transaction
from django.http import HttpRequest
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from accounts import jose, keys, signals
from accounts.errors import Refusal
from accounts.login import start_session
from accounts.models import EndReason, TokenFamily, User
from accounts.rotation import Granted, Refused, rotate_tokens
from accounts.tokens import Kind, _jti
from tests.accounts.browser import Browser
from tests.accounts.conftest import Sent, make_user
from tests.accounts.counting import of_accounts, queries

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def granted(alice: User, call: HttpRequest, sent: list[Sent]) -> Granted:
    found = start_session(alice, transport="body", amr=["pwd"], request=call, now=NOW)
    sent.clear()
    return found


def rotate(token: str, now: datetime) -> Granted:
    outcome = rotate_tokens(token, request=None, now=now)
    assert isinstance(outcome, Granted), outcome
    return outcome


def refuse(token: str, now: datetime) -> Refused:
    outcome = rotate_tokens(token, request=None, now=now)
    assert isinstance(outcome, Refused), outcome
    return outcome


def row() -> TokenFamily:
    return TokenFamily.objects.get()


def test_the_current_token_moves_the_session_on(granted: Granted, sent: list[Sent]) -> None:
    now = NOW + 60 * SECOND
    second = rotate(granted.refresh, now)
    assert second.refresh != granted.refresh
    assert second.access != granted.access
    found = row()
    assert (found.generation, found.rotated_at, found.idle_expires_at) == (2, now, now + timedelta(days=7))
    assert [(each.name, each.outcome, each.data) for each in sent] == [("token_rotated", "success", {"generation": 2})]
    assert rotate(second.refresh, now + SECOND).family.generation == 3


def test_it_takes_a_select_and_an_update(granted: Granted) -> None:
    with queries() as sql:
        rotate(granted.refresh, NOW + SECOND)
    assert [query.split()[0] for query in of_accounts(sql)] == ["SELECT", "UPDATE"]
    update = of_accounts(sql)[1]
    # A join in the filter would let two racers win on PostgreSQL.
    assert "JOIN" not in update
    assert " IN (SELECT" not in update.upper()
    assert TokenFamily.objects.count() == 1


def test_a_lost_answer_is_given_again(granted: Granted, sent: list[Sent]) -> None:
    first = rotate(granted.refresh, NOW + 5 * SECOND)
    again = rotate(granted.refresh, NOW + 14 * SECOND)
    assert again.refresh == first.refresh
    assert row().generation == 2
    assert [each.name for each in sent] == ["token_rotated", "token_rotation_repeated"]


def test_after_the_grace_period_the_old_token_ends_the_session(granted: Granted, sent: list[Sent]) -> None:
    second = rotate(granted.refresh, NOW + 5 * SECOND)
    refused = refuse(granted.refresh, NOW + 15 * SECOND)
    assert refused.refusal is Refusal.REUSED
    assert (row().revoked_at, row().revoke_reason) == (NOW + 15 * SECOND, EndReason.REUSE)
    assert [each.name for each in sent] == ["token_rotated", "token_reuse_detected"]
    assert sent[1].data == {"generation": 2, "presented": 1}
    assert sent[1].outcome == "refused"
    # Nor does the thief's, or the owner's, newer token work any more.
    assert refuse(second.refresh, NOW + 16 * SECOND).refusal is Refusal.REVOKED
    assert sent[2].name == "token_used_after_revocation"


def test_a_token_two_generations_old_ends_the_session_even_within_the_grace_period(granted: Granted) -> None:
    second = rotate(granted.refresh, NOW + SECOND)
    rotate(second.refresh, NOW + 2 * SECOND)
    assert refuse(granted.refresh, NOW + 3 * SECOND).refusal is Refusal.REUSED
    assert row().revoke_reason == EndReason.REUSE


def test_without_a_grace_period_a_retry_ends_the_session(granted: Granted, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GRACE_PERIOD": timedelta(0)}
    rotate(granted.refresh, NOW + SECOND)
    assert refuse(granted.refresh, NOW + SECOND).refusal is Refusal.REUSED


def forged(family: TokenFamily, generation: int, *, jti: str | None = None) -> str:
    """Return a token under the real key, as somebody makes who has stolen it."""
    dated = keys.keyring().refresh.active(NOW)

    claims = {
        "iss": "https://testserver",
        "aud": "https://testserver",
        "sid": str(family.pk),
        "gen": generation,
        "jti": jti or _jti(dated.mac, family, generation),
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(days=1)).timestamp()),
    }
    return jose.sign(claims, dated.key, typ=Kind.REFRESH)


def test_a_generation_from_the_future_raises_the_alarm(granted: Granted, sent: list[Sent]) -> None:
    refused = refuse(forged(granted.family, 2), NOW + SECOND)
    assert (refused.refusal, refused.reason) == (Refusal.INVALID, "generation_from_the_future")
    assert row().revoke_reason == EndReason.FORGED
    assert [(each.name, each.data) for each in sent] == [("token_forged", {"reason": "generation_from_the_future"})]


def test_who_has_the_key_but_not_the_row_cannot_make_a_token(granted: Granted, sent: list[Sent]) -> None:
    without_nonce = TokenFamily(pk=granted.family.pk, nonce=b"0" * 16)
    refused = refuse(forged(without_nonce, 1), NOW + SECOND)
    assert refused.reason == "wrong_jti"
    assert [each.name for each in sent] == ["token_forged"]
    # The session of the owner goes on: a stolen key must not be a way to log everybody out.
    rotate(granted.refresh, NOW + 2 * SECOND)


def test_an_idle_session_runs_out(granted: Granted, sent: list[Sent]) -> None:
    assert refuse(granted.refresh, NOW + timedelta(days=7)).refusal is Refusal.EXPIRED
    assert [each.name for each in sent] == ["token_rejected"]


def test_rotation_never_prolongs_a_session(granted: Granted) -> None:
    token, now = granted.refresh, NOW
    while now + timedelta(days=6) < NOW + timedelta(days=30):
        now += timedelta(days=6)
        token = rotate(token, now).refresh
    assert row().expires_at == NOW + timedelta(days=30)
    assert row().idle_expires_at == NOW + timedelta(days=30)
    assert refuse(token, NOW + timedelta(days=30)).refusal is Refusal.EXPIRED


def test_a_token_that_the_row_has_outlived_is_refused(granted: Granted) -> None:
    """The row decides, too: an administrator may have shortened a session."""
    TokenFamily.objects.update(idle_expires_at=NOW + SECOND)
    assert refuse(granted.refresh, NOW + 2 * SECOND).reason == "expired"


@pytest.mark.parametrize("change", ["password", "email", "is_active"])
def test_a_change_of_the_account_ends_its_sessions(
    change: str, granted: Granted, alice: User, sent: list[Sent]
) -> None:
    if change == "password":
        alice.set_password("another password, just as long")
        alice.save()
    else:
        User.objects.filter(pk=alice.pk).update(**{change: "new@example.com" if change == "email" else False})
    assert refuse(granted.refresh, NOW + SECOND).refusal is Refusal.REVOKED
    reason = EndReason.DEACTIVATED if change == "is_active" else EndReason.CREDENTIALS_CHANGED
    assert row().revoke_reason == reason
    assert sent[-1].name == "token_used_after_revocation"
    # Undoing the change does not bring the session back.
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert refuse(granted.refresh, NOW + 2 * SECOND).refusal is Refusal.REVOKED


def test_a_new_secret_key_logs_nobody_out(granted: Granted, settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one, as long as the one before it was"
    second = rotate(granted.refresh, NOW + SECOND)
    settings.SECRET_KEY_FALLBACKS = []
    # The rotation has moved the session to the new key.
    rotate(second.refresh, NOW + 2 * SECOND)


def test_without_the_fallback_a_new_secret_key_ends_sessions(granted: Granted, settings: Settings) -> None:
    settings.SECRET_KEY = "a new one, as long as the one before it was"
    assert refuse(granted.refresh, NOW + SECOND).refusal is Refusal.REVOKED


def test_a_token_of_a_deleted_session_is_refused(granted: Granted) -> None:
    TokenFamily.objects.all().delete()
    assert refuse(granted.refresh, NOW + SECOND).reason == "unknown_session"


def test_an_access_token_is_no_refresh_token(granted: Granted, sent: list[Sent]) -> None:
    assert refuse(granted.access, NOW + SECOND).refusal is Refusal.INVALID
    assert sent[0].name == "token_rejected"


@pytest.mark.parametrize("exempt", [True, False])
@pytest.mark.django_db(transaction=True)
def test_the_end_of_a_session_survives_a_crash_of_the_answer(exempt: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ATOMIC_REQUESTS an exception rolls the request back: without the exemption the thief would go on."""
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", value=True)
    make_user("mallory")
    browser = Browser()
    browser.client.raise_request_exception = False
    browser.log_in("mallory@example.com")
    stolen = browser.refresh_token
    TokenFamily.objects.update(generation=3, rotated_at=timezone.now() - 60 * SECOND)

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.views.sessions.refusal_response", crash)
    if not exempt:
        callback = resolve("/api/v1/auth/refresh").func
        monkeypatch.setattr(callback, "_non_atomic_requests", set())
    assert browser.refresh(stolen).status_code == 500
    assert TokenFamily.objects.get().revoke_reason == (EndReason.REUSE if exempt else "")


def test_a_receiver_that_fails_stops_the_rotation(granted: Granted) -> None:
    """The audit row and the change are both there, or neither."""

    def fail(**_: object) -> None:
        raise RuntimeError

    signals.token_rotated.connect(fail)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            rotate_tokens(granted.refresh, request=None, now=NOW + SECOND)
    finally:
        signals.token_rotated.disconnect(fail)
    assert row().generation == 1
    rotate(granted.refresh, NOW + 2 * SECOND)
