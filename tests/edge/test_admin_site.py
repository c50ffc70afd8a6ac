"""No address that staff can type makes a list of the admin fail, whatever model it shows."""

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from auditlog.models import Event
from edge.admin_site import GuardedAdmin, GuardedChangeList

pytestmark = pytest.mark.django_db
LOOKUPS = {
    "year": "99999999999",
    "gte": "9999-12-31T23:59:59-23:59",
    "lt": "0001-01-01T00:00:00+23:59",
    "range": "1",
    "exact": "\0",
    "in": "\0,99999999999999999999999",
    "day": "x",
    "isnull": "perhaps",
    "regex": "(",
}
VALUES = ("\0", "99999999999999999999999")
MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("admin@example.com"))
    client.raise_request_exception = False
    return client


def questions(model: type[Model]) -> Iterator[dict[str, str]]:
    names = ["pk", *(field.name for field in model._meta.concrete_fields)]
    for name, (lookup, value) in product(names, LOOKUPS.items()):
        yield {f"{name}__{lookup}": value}
    for name, value in product(names, VALUES):
        yield {name: value}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.DateTimeField):
            for year, month in (("9999", "12"), ("0", "1"), ("99999999999", "1"), ("2026", "99"), ("2026", "x")):
                yield {f"{field.name}__year": year, f"{field.name}__month": month}
    for name in ("q", "o", "p", "e", "all", "_to_field", "_popup", "_facets"):
        for value in VALUES:
            yield {name: value}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_no_question_breaks_a_list(model: type[Model], staff: Client) -> None:
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    broken = []
    for question in questions(model):
        address = f"{page}?{urlencode(question)}"
        if staff.get(address, secure=True).status_code >= 500:
            broken.append(address)
    assert broken == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
@pytest.mark.parametrize("name", ["%00", "9" * 30, "_00"])
def test_no_id_breaks_a_page(model: type[Model], name: str, staff: Client) -> None:
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for action in ("change", "delete", "history"):
        assert staff.get(f"{page}{name}/{action}/", secure=True).status_code < 500


@pytest.mark.parametrize("thing", ["1", "9" * 30, "x"])
def test_a_thing_that_cannot_exist_is_not_on_the_site(thing: str, staff: Client) -> None:
    for kind in (*ContentType.objects.values_list("pk", flat=True), "9" * 30, "x"):
        assert staff.get(f"/admin/r/{kind}/{thing}/", secure=True).status_code == 404


@pytest.mark.parametrize("term", ["\0", "x" * 300])
def test_no_word_breaks_the_completion(term: str, staff: Client) -> None:
    asked = {"app_label": "bulwark_authz", "model_name": "membership", "field_name": "tenant", "term": term}
    assert staff.get("/admin/autocomplete/", asked, secure=True).status_code < 500


def test_every_admin_is_guarded() -> None:
    assert [model for model, found in admin.site._registry.items() if not isinstance(found, GuardedAdmin)] == []


def test_without_a_question_a_bug_is_not_taken_for_one(rf: RequestFactory, staff: Client) -> None:
    """Only the address can be wrong: a list that fails by itself is a bug, and has to look like one."""

    class Broken(admin.ModelAdmin):  # type: ignore[type-arg]
        ordering = ("pk",)

        def get_paginator(self, *args: Any, **kwargs: Any) -> Any:
            raise TypeError

    site = type(admin.site._wrapped)("other")  # type: ignore[attr-defined]
    site.register(User, Broken)
    request = rf.get("/")
    request.user = User.objects.get()
    with pytest.raises(TypeError):
        site._registry[User].get_changelist_instance(request)
    request = rf.get("/?email=x")
    request.user = User.objects.get()
    with pytest.raises(IncorrectLookupParameters):
        site._registry[User].get_changelist_instance(request)
    assert issubclass(site._registry[User].get_changelist(request), GuardedChangeList)


def test_the_log_keeps_its_own_list(staff: Client) -> None:
    assert staff.get(reverse("admin:bulwark_auditlog_event_changelist"), secure=True).status_code == 200
    assert Event in admin.site._registry


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "PATCH", "DELETE", "NONSENSE"])
@pytest.mark.parametrize(
    "path", ["", "bulwark_accounts/user/", "bulwark_articles/category/add/", "logout/", "nowhere/"]
)
def test_no_method_but_those_of_pages_and_forms_is_served(staff: Client, method: str, path: str) -> None:
    """Django's admin takes every other method for GET (ASVS 5.0, V4.1.4)."""
    answer = staff.generic(method, f"/admin/{path}", secure=True)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    assert staff.head("/admin/", secure=True).status_code == 200
