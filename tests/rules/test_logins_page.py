"""The page about logins says what the settings say (OWASP ASVS 5.0, V6.1.2, V7.1.1 and V7.1.2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings

import dev
from accounts.conf import conf

PAGE = (dev.ROOT / "docs/security/logins.md").read_text()


def span(time: timedelta) -> str:
    """Return a time as people write it."""
    for name, unit in (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1))):
        if time >= unit:
            return f"{time // unit} {name}"
    raise ValueError(time)


@pytest.mark.parametrize(
    "text",
    [
        f"{span(conf.refresh_token_lifetime)} (`REFRESH_TOKEN_LIFETIME`)",
        f"{span(timedelta(seconds=settings.SESSION_COOKIE_AGE))} (`SESSION_COOKIE_AGE`)",
        f"{span(conf.session_lifetime)} (`SESSION_LIFETIME`)",
        f"| an access token | {span(conf.access_token_lifetime)},",
        f"{span(conf.recent_login)} after the credentials were shown (`RECENT_LOGIN`)",
        f"up to {conf.max_sessions} sessions at a time (`MAX_SESSIONS`)",
        f"{conf.guesses_before_challenge} free, then a challenge, {conf.guesses_per_account}, then a lock",
    ],
)
def test_what_it_says_holds(text: str) -> None:
    assert text in PAGE


def test_the_words_that_no_password_is_made_of_are_listed() -> None:
    validators: list[Any] = settings.AUTH_PASSWORD_VALIDATORS
    (words,) = [each["OPTIONS"]["words"] for each in validators if each["NAME"].endswith(".ContextWordsValidator")]
    assert {word for word in words if f"`{word}`" not in PAGE} == set()
