"""Staff who may look at some things try to learn or do more."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import TokenFamily, User
from auditlog.models import Event

PASSWORD = "correct horse battery staple"


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("admin@bulwark.example", PASSWORD)


@pytest.fixture
def clerk(client: Client, admin: User) -> Client:
    """Staff who may see users and sessions."""
    user = User.objects.create_user("clerk@bulwark.example", PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "view_tokenfamily"]))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    "question",
    [
        "user/?password__startswith=md5",
        "user/?password__regex=.",
        "tokenfamily/?auth_hash__startswith=0",
        "tokenfamily/?nonce=a",
        "tokenfamily/?kid__gte=0",
        "tokenfamily/?user__password__startswith=md5",
    ],
)
def test_a_filtered_list_tells_no_secret(clerk: Client, question: str) -> None:
    """The count of a list filtered by a hidden column would tell it, letter by letter."""
    assert clerk.get(f"/admin/bulwark_accounts/{question}", secure=True).status_code == 400


@pytest.mark.parametrize(
    "question", ["user/?is_staff__exact=1", "user/?groups__id__exact=1", "tokenfamily/?transport=body"]
)
def test_the_filters_of_the_page_still_work(clerk: Client, question: str) -> None:
    assert clerk.get(f"/admin/bulwark_accounts/{question}", secure=True).status_code == 200


def test_guesses_of_the_old_password_are_limited(clerk: Client) -> None:
    """Whoever holds an open session in the admin must not turn it into a password."""
    guess = {"old_password": "wrong", "new_password1": "x", "new_password2": "x"}
    statuses = [clerk.post("/admin/password_change/", guess, secure=True).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2


def test_rights_given_in_the_admin_are_told(client: Client, admin: User) -> None:
    """Somebody with a superuser's session makes a second superuser, then removes the traces of him."""
    other = User.objects.create_user("mallory@bulwark.example", PASSWORD)
    client.force_login(admin)
    page = f"/admin/bulwark_accounts/user/{other.pk}"
    form = {"email": other.email, "name": "", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    empty = {"token_families-TOTAL_FORMS": "0", "token_families-INITIAL_FORMS": "0"}
    assert client.post(f"{page}/change/", {**form, **empty}, secure=True).status_code == 302
    assert client.post(f"{page}/delete/", {"post": "yes"}, secure=True).status_code == 302
    changed, deleted = Event.objects.filter(type="accounts.user_administered").order_by("seq")
    assert (changed.actor_label, changed.target_id, changed.severity) == (admin.email, str(other.pk), 4)
    assert changed.data["fields"] == ["is_staff", "is_superuser"]
    assert changed.data["is_superuser"] is True
    assert (deleted.target_label, deleted.data["action"]) == (other.email, "deleted")


def test_each_change_of_a_password_in_the_admin_is_told(client: Client, admin: User) -> None:
    client.force_login(admin)
    new = "another password, just as long"
    for old in ("wrong", PASSWORD):
        form = {"old_password": old, "new_password1": new, "new_password2": new}
        client.post("/admin/password_change/", form, secure=True)
    told = Event.objects.filter(type="accounts.password_changed").values_list("outcome", "actor_label")
    assert sorted(told) == [("refused", admin.email), ("success", admin.email)]


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_the_calendar_break_no_page(client: Client, admin: User, name: str, moment: str) -> None:
    client.force_login(admin)
    for question in (f"{name}={moment}", f"older_than={moment}~1", f"newer_than={moment}~1"):
        assert client.get(f"/admin/bulwark_auditlog/event/?{question}", secure=True).status_code == 200


def test_a_user_agent_that_cannot_be_stored_is_made_storable(client: Client, admin: User) -> None:
    body = {"email": admin.email, "password": PASSWORD, "transport": "body"}
    answer = client.post(
        "/api/v1/auth/login", body, "application/json", headers={"User-Agent": "a\x00b\u202ec"}, secure=True
    )
    assert answer.status_code == 200
    assert TokenFamily.objects.get().user_agent == "a b c"
