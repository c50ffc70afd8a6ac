"""The admin: roles are chosen from those declared, and who granted them is whoever is logged in."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from authz.models import Grant, Membership
from tests.authz.conftest import Cast
from tests.authz.library.models import Book

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("admin@example.com", "a long enough one"))
    return client


def test_a_role_is_given_by_whoever_is_logged_in(admin: Client, cast: Cast) -> None:
    url = reverse("admin:bulwark_authz_membership_add")
    answer = admin.post(url, {"user": str(cast.nobody.pk), "tenant": str(cast.acme.pk), "role": "author"})
    assert answer.status_code == 302
    made = Membership.objects.get(user=cast.nobody)
    assert (made.role, str(made.granted_by)) == ("author", str(get_user_model().objects.get(email="admin@example.com")))


def test_a_role_that_is_not_declared_cannot_be_chosen(admin: Client, cast: Cast) -> None:
    url = reverse("admin:bulwark_authz_membership_add")
    answer = admin.post(url, {"user": str(cast.nobody.pk), "tenant": str(cast.acme.pk), "role": "emperor"})
    assert answer.status_code == 200
    assert not Membership.objects.filter(user=cast.nobody).exists()


def test_a_grant_is_made_and_not_changed(admin: Client, cast: Cast) -> None:
    book = Book.objects.create()
    kind = ContentType.objects.get_for_model(Book).pk
    form = {"action": "read", "content_type": kind, "object_id": str(book.pk), "user": str(cast.bob.pk), "role": ""}
    assert admin.post(reverse("admin:bulwark_authz_grant_add"), form).status_code == 302
    made = Grant.objects.on(book).get()
    assert made.granted_by == get_user_model().objects.get(email="admin@example.com")
    change = reverse("admin:bulwark_authz_grant_change", args=[made.pk])
    assert admin.get(change).status_code == 200
    assert admin.post(change, form | {"action": "delete"}).status_code == 403


@pytest.mark.parametrize("wrong", [{"object_id": "x"}, {"user": "", "role": ""}, {"role": "viewer"}])
def test_a_grant_that_makes_no_sense_is_a_form_error(admin: Client, cast: Cast, wrong: dict[str, str]) -> None:
    kind = ContentType.objects.get_for_model(Book).pk
    key = str(Book.objects.create().pk)
    form = {"action": "read", "content_type": kind, "object_id": key, "user": str(cast.bob.pk), "role": ""}
    assert admin.post(reverse("admin:bulwark_authz_grant_add"), form | wrong).status_code == 200
    assert not Grant.objects.exists()


@pytest.mark.parametrize("model", ["tenant", "membership", "grant"])
def test_the_lists_and_searches_work(admin: Client, cast: Cast, model: str) -> None:
    Grant.objects.give(action="read", target=Book.objects.create(), user=cast.bob)
    url = reverse(f"admin:bulwark_authz_{model}_changelist")
    assert admin.get(url).status_code == 200
    assert admin.get(url, {"q": "acme"}).status_code == 200
