"""Users are told what happens to their account."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts import notices, signals
from accounts.models import User
from tests.accounts.browser import PASSWORD, Browser

pytestmark = pytest.mark.django_db
NEW = "another password, just as long"


def subjects() -> list[tuple[str, str]]:
    return [(message.to[0], str(message.subject)) for message in mail.outbox]


def test_every_notice_is_bound() -> None:
    for name, receiver in notices.NOTICES.items():
        signal: Any = getattr(signals, name)
        assert [key for key, *_ in signal.receivers if key[0] == f"bulwark_accounts.notices.{name}"], receiver


def test_a_new_device(alice: User) -> None:
    first, second = Browser(Client(REMOTE_ADDR="192.0.2.1")), Browser(Client(REMOTE_ADDR="192.0.2.2"))
    first.log_in("alice@example.com")
    assert subjects() == []  # the first device of all is no news
    second.client.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
    second.log_in("alice@example.com")
    assert subjects() == [("alice@example.com", "A new device logged in to your account")]
    body = str(mail.outbox[0].body)
    assert "Firefox on Linux" in body
    assert "192.0.2.2" in body
    second.log_in("alice@example.com")
    assert len(mail.outbox) == 1


def test_a_changed_password(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    body = {"current_password": "wrong", "new_password": NEW}
    browser.send("POST", "password/change", body)
    assert subjects() == []
    browser.send("POST", "password/change", {**body, "current_password": PASSWORD})
    assert subjects() == [("alice@example.com", "Your password was changed")]


@pytest.mark.parametrize(
    ("kind", "by", "told"),
    [("mfa", "guesses", 1), ("password", "guesses", 0), ("reset", "guesses", 0), ("", "admin", 0)],
)
def test_guesses_behind_the_right_password(kind: str, by: str, told: int, alice: User) -> None:
    """ASVS 5.0, V6.3.5: one factor of two was right."""
    data = (
        {"by": by, "reason": "why"} if by == "admin" else {"by": by, "kind": kind, "scope": "account", "seconds": 900}
    )
    signals.account_locked.send(sender=User, request=None, user=None, target=alice, outcome="success", data=data)
    subject = "Somebody who has your password is guessing your second factor"
    assert subjects() == [("alice@example.com", subject)] * told


@pytest.mark.parametrize("name", sorted(notices.FACTORS))
def test_second_factors(name: str, alice: User) -> None:
    signal: Any = getattr(signals, name)
    for outcome in ("refused", "success"):
        signal.send(sender=User, request=None, user=alice, target=alice, outcome=outcome, data={})
    assert subjects() == [("alice@example.com", notices.FACTORS[name])]


def test_a_header_in_a_name_stays_in_the_text(alice: User) -> None:
    """What a client says about itself must not become a header of a mail."""
    signals.mfa_enrolled.send(sender=User, request=None, user=alice, target=alice, outcome="success", data={})
    assert "\n" not in str(mail.outbox[0].subject)
