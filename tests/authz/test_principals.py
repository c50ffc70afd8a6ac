"""Who asks: found from a request at the least cost, and from nothing that the client can say."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from pytest_django import Settings
from rest_framework.request import Request

from authz import claims, memory, tenants, versions
from authz.conf import conf
from authz.engine import Verdict
from authz.environment import Environment
from authz.models import AuthorizationVersion, Membership
from authz.policies import allow
from authz.principals import principal, principal_for
from authz.roles import IMPLICIT
from authz.testing import action_with
from tests.authz.conftest import Cast
from tests.authz.library.models import Book

pytestmark = pytest.mark.django_db


def request_of(user: Any, **auth: Any) -> HttpRequest:
    request: Any = RequestFactory().get("/")
    request.user = user
    if auth:
        request.auth = SimpleNamespace(**auth)
    found: HttpRequest = request
    return found


def session(cast: Cast, name: str, **family: Any) -> dict[str, Any]:
    version = versions.current(getattr(cast, name).pk)
    return {
        "tenant": str(cast.acme.pk),
        "family": SimpleNamespace(authorization_version=version, client="spa", **family),
        "claims": {"amr": ["pwd", "mfa"]},
    }


def test_roles_are_those_of_the_tenant_and_what_they_include(cast: Cast) -> None:
    who = principal(request_of(cast.dora))
    assert who.roles == {"editor", "author", "viewer", "anyone", "authenticated"}
    assert (who.tenant_id, who.tenant, who.known) == (cast.acme.pk, str(cast.acme.pk), True)


def test_a_token_brings_tenant_version_client_and_second_factor(
    cast: Cast, django_assert_num_queries: Any, settings: Settings
) -> None:
    auth = session(cast, "bob")
    settings.BULWARK_AUTHZ = {name: value for name, value in settings.BULWARK_AUTHZ.items() if name != "MFA"}
    principal(request_of(cast.bob, **auth))
    with django_assert_num_queries(0):
        who = principal(request_of(cast.bob, **auth))
        assert (who.tenant_id, who.env.client, who.env.mfa) == (cast.acme.pk, "spa", True)
    assert "viewer" in who.roles


@pytest.mark.parametrize("amr", [None, 5, True, {"mfa": 1}, "mfa", "nomfa", ["pwd"], [5, {}, None], [["mfa"]]])
def test_what_is_no_list_with_the_word_proves_no_second_factor(
    amr: Any, rf: RequestFactory, settings: Settings
) -> None:
    settings.BULWARK_AUTHZ = {name: value for name, value in settings.BULWARK_AUTHZ.items() if name != "MFA"}
    request: Any = rf.get("/")
    request.auth = SimpleNamespace(claims={"amr": amr})
    assert Environment(request).mfa is False
    request.auth = SimpleNamespace(claims=amr)
    assert Environment(request).mfa is False


def test_without_a_token_the_version_and_the_tenant_are_asked_for(cast: Cast, django_assert_num_queries: Any) -> None:
    principal(request_of(cast.bob))
    with django_assert_num_queries(2):
        principal(request_of(cast.bob))


def test_roles_are_asked_for_once_a_version(cast: Cast, django_assert_num_queries: Any) -> None:
    auth = session(cast, "bob")
    memory.forget()
    with django_assert_num_queries(1):
        for _ in range(3):
            principal(request_of(cast.bob, **auth))
    Membership.objects.filter(user=cast.bob).update(role="author")
    assert "author" not in principal(request_of(cast.bob, **auth)).roles
    assert "author" in principal(request_of(cast.bob, **session(cast, "bob"))).roles


def test_roles_of_a_user_who_never_was_a_member_are_not_remembered(cast: Cast) -> None:
    """A data migration writes rows that renew no version; they count at once."""
    assert versions.current(cast.nobody.pk) == 0
    assert memory.roles_of(cast.nobody.pk, cast.acme.pk, version=0) == IMPLICIT
    Membership._base_manager.bulk_create([Membership(user=cast.nobody, tenant=cast.acme, role="viewer")])
    assert memory.roles_of(cast.nobody.pk, cast.acme.pk, version=0) == {"viewer", *IMPLICIT}


def test_the_memory_is_bounded(cast: Cast, settings: Any) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROLE_CACHE_SIZE": 2}
    for version in (1, 2, 3):
        memory.roles_of(cast.bob.pk, cast.acme.pk, version=version)
    assert [key[2] for key in memory._remembered] == [2, 3]


def test_nothing_need_be_remembered(cast: Cast, settings: Any) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "ROLE_CACHE_SIZE": 0}
    assert "viewer" in memory.roles_of(cast.bob.pk, cast.acme.pk, version=1)
    assert memory._remembered == {}


def test_roles_of_another_tenant_do_not_count(cast: Cast) -> None:
    auth = session(cast, "charlie")
    assert principal(request_of(cast.charlie, **auth)).roles == {"anyone", "authenticated"}
    assert "editor" in principal(request_of(cast.charlie, **(auth | {"tenant": str(cast.other.pk)}))).roles


def test_who_holds_no_role_in_a_tenant_is_not_in_it(cast: Cast) -> None:
    """Else what is allowed to whoever is logged in would be open to every tenant that a header or a token names."""
    action = action_with(Book, allow("authenticated") | allow("anyone"), tenant="tenant")
    theirs = Book.objects.create(tenant=cast.other, title="theirs")
    auth = session(cast, "bob") | {"tenant": str(cast.other.pk)}
    for who in (principal(request_of(cast.bob, **auth)), principal_for(cast.bob, tenant=cast.other.pk)):
        assert (who.tenant_id, action.check(who, theirs), action.scope(who)) == (None, False, Verdict.NONE)
    mine = Book.objects.create(tenant=cast.acme, title="mine")
    assert action.check(principal(request_of(cast.bob, **session(cast, "bob"))), mine)
    Membership.objects.filter(user=cast.bob).delete()
    assert not action.check(principal(request_of(cast.bob, **session(cast, "bob"))), mine)


@pytest.mark.parametrize("tenant", ["", "no id", "00000000-0000-0000-0000-00000000000x", "None"])
def test_what_is_no_tenant_gives_no_roles(cast: Cast, tenant: str) -> None:
    who = principal(request_of(cast.dora, **(session(cast, "dora") | {"tenant": tenant})))
    assert (who.tenant_id, who.tenant) == (None, "")
    assert who.roles == {"anyone", "authenticated"}


def test_roles_without_a_tenant_are_for_hosts_without_tenants(cast: Cast) -> None:
    Membership.objects.create(user=cast.nobody, tenant=None, role="editor")
    assert "editor" in principal(request_of(cast.nobody)).roles
    assert "editor" not in principal(request_of(cast.nobody, **session(cast, "nobody"))).roles


@pytest.mark.parametrize("user", [AnonymousUser(), None])
def test_a_stranger_is_anyone_and_nobody(user: Any, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        who = principal(request_of(user))
    assert (who.known, who.tenant_id) == (False, None)
    assert who.roles == {"anyone"}


def test_a_user_who_was_deactivated_is_a_stranger(cast: Cast) -> None:
    cast.dora.is_active = False
    assert principal(request_of(cast.dora)).roles == {"anyone"}
    assert principal_for(cast.dora, tenant=cast.acme.pk).roles == {"anyone"}


def test_a_superuser_has_no_roles_but_those_given(cast: Cast) -> None:
    cast.nobody.is_superuser = True
    assert principal(request_of(cast.nobody)).roles == {"anyone", "authenticated"}


def test_a_request_has_one_principal_until_its_user_changes(cast: Cast) -> None:
    plain = request_of(cast.bob)
    first = principal(plain)
    wrapped = Request(plain)
    wrapped.user, wrapped.auth = cast.bob, None
    assert principal(plain) is first is principal(wrapped)
    wrapped.user = cast.dora
    assert "editor" in principal(wrapped).roles


def test_the_version_is_an_expression_for_the_query_that_authenticates(cast: Cast) -> None:
    rows = Membership.objects.annotate(found=versions.version_of("user_id"))
    row: Any = rows.get(user=cast.bob)
    assert row.found == versions.current(cast.bob.pk) > 0
    AuthorizationVersion.objects.all().delete()
    row = rows.get(user=cast.bob)
    assert row.found == 0


def test_a_login_is_told_the_version_and_the_first_tenant(cast: Cast) -> None:
    Membership.objects.create(user=cast.bob, tenant=cast.other, role="viewer")
    assert tenants.default_tenant(cast.bob) == str(cast.acme.pk)
    assert tenants.default_tenant(cast.nobody) == ""
    assert claims.for_login(cast.bob, "") == {"az": versions.current(cast.bob.pk)}
    assert claims.for_login(cast.nobody, "") == {"az": 0}


def here(request: HttpRequest) -> str:
    return request.headers["X-Tenant"]


def test_getters_are_named_by_settings(cast: Cast, settings: Any) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "TENANT": f"{__name__}.here"}
    request = request_of(cast.charlie)
    request.META["HTTP_X_TENANT"] = str(cast.other.pk)
    assert "editor" in principal(request).roles


def test_facts_without_a_request_are_absent() -> None:
    who = principal_for(None)
    assert (who.env.address, who.env.mfa, who.env.client, who.known) == (None, False, "", False)


@override_settings(BULWARK_AUTHZ={}, TIME_ZONE="Europe/Vienna")
def test_settings_have_defaults(cast: Cast) -> None:
    assert (conf.roles, conf.time_zone, conf.role_cache_size) == ({}, "Europe/Vienna", 10_000)
    request = request_of(cast.bob)
    request.META["REMOTE_ADDR"] = "192.0.2.9"
    assert conf.client_ip(request) == "192.0.2.9"
    assert (conf.mfa(request), conf.client(request)) == (False, "")
    assert principal(request).roles == {"anyone", "authenticated"}
