"""Deleting one's account."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import deletion
from accounts.mfa import enrolment, totp
from accounts.models import EndReason, TokenFamily, TotpDevice, User
from accounts.passwords import PasswordWrong, change_password
from accounts.sessions import SessionOver
from accounts.social import linking
from articles.models import Article, Category
from auditlog.models import Event
from authz.models import Tenant
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent
from tests.accounts.meanwhile import after_the_first_read

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(alice: User, browser: Browser) -> Browser:
    alice.groups.add(Group.objects.create(name="staff"))
    browser.log_in("alice@example.com")
    mail.outbox.clear()
    return browser


def with_article(user: User) -> Article:
    tenant = Tenant.objects.create(name="Acme", slug="acme")
    category = Category.objects.create(name="General", slug="general")
    return Article.objects.create(
        title="Kept for others",
        body="<p>Long enough to be an article: fifty characters and a few more.</p>",
        tenant=tenant,
        author=user,
        category=category,
    )


def test_nothing_of_the_person_is_left(owner: Browser, alice: User, sent: list[Sent]) -> None:
    other = Browser()
    other.log_in("alice@example.com")
    article = with_article(alice)
    mail.outbox.clear()
    sent.clear()
    assert owner.send("DELETE", "me").status_code == 204
    gone = User.objects.get(pk=alice.pk)
    assert (gone.email, gone.name, gone.is_active, gone.email_verified_at) == (
        f"{alice.pk}@deleted.invalid",
        "",
        False,
        None,
    )
    assert (gone.has_usable_password(), gone.groups.count()) == (False, 0)
    assert [each.send("GET", "me").status_code for each in (owner, other)] == [401, 401]
    assert set(TokenFamily.objects.values_list("revoke_reason", "ip", "user_agent")) == {(EndReason.DELETED, None, "")}
    assert Article.objects.get().author_id == article.author_id == gone.pk
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]
    assert (sent[0].name, sent[0].data) == ("account_deleted", {"sessions": 2})


def test_the_log_keeps_the_name_and_staff_see_it(owner: Browser, alice: User) -> None:
    owner.send("DELETE", "me")
    event = Event.objects.get(type="accounts.account_deleted")
    assert (event.actor_label, event.target_id) == ("alice@example.com", str(alice.pk))
    admin = Client()
    admin.force_login(User.objects.create_superuser("admin@example.com", PASSWORD))
    page = admin.get("/admin/bulwark_auditlog/event/", {"q": "alice@example.com"}, secure=True)
    assert b"account_deleted" in page.content


def test_the_address_is_free_again(owner: Browser, alice: User) -> None:
    owner.send("DELETE", "me")
    assert Browser().send("POST", "register", {"email": alice.email, "password": PASSWORD}).status_code == 202
    assert User.objects.get(email=alice.email).pk != alice.pk


def test_it_needs_a_recent_login(owner: Browser, alice: User) -> None:
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    assert owner.send("DELETE", "me").status_code == 401
    assert User.objects.get().email == alice.email


def test_the_row_goes_too_where_it_is_asked_for_and_nothing_needs_it(
    owner: Browser, alice: User, settings: Settings
) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "DELETION": "delete"}
    owner.send("DELETE", "me")
    assert User.objects.count() == 0
    assert Event.objects.filter(type="accounts.account_deleted", target_id=str(alice.pk)).exists()


def test_a_row_that_others_need_is_anonymised_all_the_same(owner: Browser, alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "DELETION": "delete"}
    with_article(alice)
    assert owner.send("DELETE", "me").status_code == 204
    assert User.objects.get().email.endswith("@deleted.invalid")


def test_a_name_sent_before_a_deletion_is_not_written_after_it(owner: Browser, alice: User, call: HttpRequest) -> None:
    def delete() -> None:
        deletion.delete_account(User.objects.get(), request=call, now=timezone.now())

    with after_the_first_read("bulwark_accounts_tokenfamily", delete):
        answer = owner.send("PATCH", "me", {"name": "Alice again"})
    assert (answer.status_code, read(answer)["code"]) == (401, "session_ended")
    assert User.objects.get().name == ""


ACTS: dict[str, tuple[type[Exception], Callable[[TokenFamily, HttpRequest], object]]] = {
    "begin": (SessionOver, lambda family, _: totp.begin(family, now=timezone.now())),
    "codes": (SessionOver, lambda family, call: enrolment.regenerate_codes(family, request=call, now=timezone.now())),
    "password": (
        PasswordWrong,
        lambda family, call: change_password(
            family, current=PASSWORD, new="a long unusual phrase", request=call, now=timezone.now()
        ),
    ),
}


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("what", sorted(ACTS))
def test_who_waited_for_a_deletion_is_refused(what: str, is_kept: bool, owner: Browser, call: HttpRequest) -> None:
    family = TokenFamily.objects.select_related("user").get()
    if is_kept:
        deletion.delete_account(User.objects.get(), request=call, now=timezone.now())
    else:
        User.objects.all().delete()
    refusal, act = ACTS[what]
    with pytest.raises(refusal):
        act(family, call)
    assert not TotpDevice.objects.exists()


def test_who_has_gone_unlinks_nothing(alice: User, call: HttpRequest) -> None:
    User.objects.all().delete()
    assert linking.unlink(alice, "google", request=call) is False
