"""What an event learns from its request, actor and target."""

import pytest
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import set_urlconf
from pytest_django.asserts import assertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import User
from auditlog import facts


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", None),
        ("unknown", None),
        ("192.0.2.1, 198.51.100.7", None),
        ("x" * 100_000, None),
        ("192.0.2.1\0", None),
    ],
)
def test_address(given: str, expected: str | None) -> None:
    assert facts.address(given) == expected


def test_the_columns_of_a_request(rf: RequestFactory, settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {"COUNTRY": f"{__name__}.country"}
    request = rf.post("/admin/login/", headers={"user-agent": "curl/8"}, REMOTE_ADDR="192.0.2.9")
    vars(request)["request_id"] = "r1"

    assert facts.of_request(request) == {
        "src_ip": "192.0.2.9",
        "country": "NL",
        "user_agent": "curl/8",
        "request_id": "r1",
        "route": "admin/login/",
        "method": "POST",
        "session": "",
        "tenant": "",
    }


def country(request: HttpRequest) -> str:
    return "NL"


def broken(request: HttpRequest) -> str:
    raise ZeroDivisionError


def test_a_getter_that_fails_leaves_a_hole(
    rf: RequestFactory, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BULWARK_AUDITLOG = {"TENANT": f"{__name__}.broken"}

    assert facts.of_request(rf.get("/"))["tenant"] == ""
    assert f"{__name__}.broken failed." in caplog.text


def test_a_path_that_no_route_matches_has_no_route(rf: RequestFactory) -> None:
    assert facts.route(rf.get("/no/such/page")) == ""


def test_a_route_that_cannot_be_found_leaves_a_hole(rf: RequestFactory, caplog: pytest.LogCaptureFixture) -> None:
    """A converter of the host's raises what it likes."""
    set_urlconf("no.such.module")
    try:
        assert facts.route(rf.get("/")) == ""
    finally:
        set_urlconf(None)
    assert "cannot be found" in caplog.text


def test_who_acted(rf: RequestFactory) -> None:
    user = User(email="alice@example.com")

    assert facts.of_actor(user, None) == {
        "actor_type": "user",
        "actor_id": str(user.pk),
        "actor_label": "alice@example.com",
    }
    assert facts.of_actor(AnonymousUser(), rf.get("/")) == {"actor_type": "anonymous"}
    assert facts.of_actor(None, rf.get("/")) == {"actor_type": "anonymous"}
    assert facts.of_actor(None, None) == {"actor_type": "system"}


def test_the_session_is_not_asked_who_the_user_is(client: Client, alice: User, rf: RequestFactory) -> None:
    """Asking costs queries, and in a broken transaction it fails."""
    client.force_login(alice)
    request = rf.get("/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    SessionMiddleware(_answer).process_request(request)
    AuthenticationMiddleware(_answer).process_request(request)

    with assertNumQueries(0):
        assert facts.of_actor(None, request) == {"actor_type": "anonymous"}

    assert request.user.is_authenticated  # somebody else asks
    with assertNumQueries(0):
        assert facts.of_actor(None, request)["actor_label"] == "alice@example.com"


def _answer(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def test_the_target(settings: Settings) -> None:
    user = User(email="bob@example.com")

    assert facts.of_target(user) == {
        "target_type": "bulwark_accounts.user",
        "target_id": str(user.pk),
        "target_label": "bob@example.com",
    }


def test_a_target_that_is_a_session_names_the_session_and_its_tenant(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {"SESSION_MODEL": "bulwark_accounts.User"}
    user = User(email="bob@example.com")
    vars(user)["tenant_id"] = 7

    found = facts.of_target(user)

    assert (found["session"], found["tenant"]) == (str(user.pk), "7")


class Nameless:
    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def __str__(self) -> str:
        raise self.error


@pytest.mark.parametrize("error", [ValueError, KeyError, OperationalError])
def test_a_target_without_a_name_has_an_empty_one(error: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    assert facts.label(Nameless(error)) == ""
    assert "Nameless has no text." in caplog.text


def test_texts_are_cut_to_their_columns() -> None:
    assert facts.cleaned({"user_agent": "x" * 100_000, "src_ip": None}) == {"user_agent": "x" * 400, "src_ip": None}
