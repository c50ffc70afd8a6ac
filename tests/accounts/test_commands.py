"""The commands that end and delete sessions."""

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.management.commands.prune_tokens import Command as Prune
from accounts.models import EndReason, TokenFamily, User
from tests.accounts.browser import Browser
from tests.accounts.conftest import Sent
from tests.accounts.test_authentication import family_of


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


def revoked() -> int:
    return TokenFamily.objects.filter(revoked_at__isnull=False).count()


def test_revoking_by_user_tenant_family_and_all(alice: User, bob: User, sent: list[Sent]) -> None:
    families = [family_of(user) for user in (alice, alice, bob, bob)]
    TokenFamily.objects.filter(pk=families[2].pk).update(tenant="acme")
    cases = [("--family", str(families[0].pk)), ("--user", alice.email), ("--tenant", "acme"), ("--all",)]
    for number, which in enumerate(cases, start=1):
        assert run("revoke_tokens", *which, "--reason", "drill", "--dry-run").startswith("1 live")
        assert revoked() == number - 1
        assert run("revoke_tokens", *which, "--reason", "drill") == "1 sessions have ended."
        assert revoked() == number
    signals = [each for each in sent if each.name == "session_revoked"]
    assert [each.data for each in signals] == [{"reason": "drill", "by": "command", "sessions": 1}] * 4
    assert run("revoke_tokens", "--all", "--reason", "drill") == "0 sessions have ended."


@pytest.mark.parametrize(
    "arguments",
    [
        ["--user", "nobody@example.com", "--reason", "x"],
        ["--family", "not a uuid", "--reason", "x"],
        ["--all", "--reason", "  "],
        ["--all", "--reason", "x" * 201],
        ["--all"],
        ["--reason", "x"],
        ["--all", "--user", "a", "--reason", "x"],
    ],
)
def test_nonsense_is_refused(arguments: list[str], alice: User) -> None:
    family_of(alice)
    with pytest.raises(CommandError):
        run("revoke_tokens", *arguments)
    assert revoked() == 0


def test_pruning_keeps_what_may_still_matter(alice: User) -> None:
    now = timezone.now()
    live, idle, ended, fresh = (family_of(alice) for _ in range(4))
    long_ago = now - timedelta(days=31)
    TokenFamily.objects.filter(pk=idle.pk).update(idle_expires_at=long_ago)
    TokenFamily.objects.filter(pk=ended.pk).update(revoked_at=long_ago, revoke_reason="x")
    TokenFamily.objects.filter(pk=fresh.pk).update(revoked_at=now, revoke_reason="x")
    assert run("prune_tokens", "--dry-run") == "2 sessions would be deleted."
    assert run("prune_tokens", "--batch", "1") == "2 sessions deleted."
    assert set(TokenFamily.objects.values_list("pk", flat=True)) == {live.pk, fresh.pk}
    assert run("prune_tokens") == "0 sessions deleted."


def test_pruning_looks_at_no_session_twice(alice: User) -> None:
    """Begun anew, each batch would pass by all that is kept."""
    families = sorted((family_of(alice) for _ in range(3)), key=lambda family: family.pk)
    TokenFamily.objects.update(idle_expires_at=timezone.now() - timedelta(days=31))
    with CaptureQueriesContext(connection) as captured:
        run("prune_tokens", "--batch", "1")
    batches = [query["sql"] for query in captured if "ORDER BY" in query["sql"] and "LIMIT 1" in query["sql"]]
    for begin, batch in zip([UUID(int=0), *(family.pk for family in families)], batches, strict=True):
        assert begin.hex in batch.replace("-", "")


@pytest.mark.parametrize("arguments", [("--days", "-8"), ("--batch", "0"), ("--batch", "-1")])
def test_pruning_never_reaches_into_the_future(arguments: tuple[str, str], alice: User) -> None:
    family_of(alice)
    with pytest.raises(CommandError):
        run("prune_tokens", *arguments)
    assert TokenFamily.objects.count() == 1


def test_pruning_shows_how_far_it_is_on_a_terminal(alice: User) -> None:
    family_of(alice)
    TokenFamily.objects.update(idle_expires_at=timezone.now() - timedelta(days=40))

    class Terminal(StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    call_command(Prune(stderr=screen), stdout=StringIO())
    assert screen.getvalue() == f"\r[{'#' * 30}] 1/1\n"


def test_pruning_ends_what_an_unnoticed_deactivation_has_left(alice: User, bob: User, sent: list[Sent]) -> None:
    """Nobody has shown the session meanwhile, and nobody is told of an UPDATE."""
    hers, his = family_of(alice), family_of(bob)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    sent.clear()
    assert run("prune_tokens", "--dry-run") == "0 sessions would be deleted."
    assert TokenFamily.objects.filter(revoked_at=None).count() == 2
    assert run("prune_tokens").splitlines() == ["1 sessions of inactive accounts ended.", "0 sessions deleted."]
    told = {"reason": "deactivated", "by": "command", "sessions": 1}
    assert [(each.name, each.target, each.data) for each in sent] == [("session_revoked", hers, told)]
    User.objects.update(is_active=True)
    hers.refresh_from_db()
    assert hers.revoke_reason == EndReason.DEACTIVATED
    assert TokenFamily.objects.get(revoked_at=None) == his


def test_a_pruned_session_stays_refused(alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    TokenFamily.objects.update(revoked_at=timezone.now() - timedelta(days=31), revoke_reason="x")
    run("prune_tokens")
    assert TokenFamily.objects.count() == 0
    assert browser.refresh().status_code == 401
    assert browser.send("GET", "me").status_code == 401
