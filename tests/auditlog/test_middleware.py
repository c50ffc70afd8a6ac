"""A refusal outlives its request's rollback; a success stands or falls with its change."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertNumQueries
from pytest_django.fixtures import Settings

from accounts.models import User
from auditlog.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.auditlog.urls")]


@pytest.fixture
def client() -> Client:
    """Answers like a server: a crash is a 500, not an exception in the test."""
    return Client(raise_request_exception=False, headers={"user-agent": "test"})


def only_event() -> Event:
    return Event.objects.get()


def test_a_refusal_is_one_event_with_the_status_of_the_answer(client: Client) -> None:
    client.post("/refuse?reason=wrong_password")

    event = only_event()
    assert (event.type, event.outcome, event.reason) == ("accounts.login_failed", "refused", "wrong_password")
    assert (event.method, event.route, event.status, event.src_ip) == ("POST", "refuse", 401, "127.0.0.1")
    assert event.actor_type == "anonymous"


def test_a_request_with_nothing_to_say_costs_no_query(client: Client) -> None:
    with assertNumQueries(0):
        client.get("/clean")


def test_many_refusals_are_one_insert(client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get("/refuse-many")

    assert [query["sql"].split()[0] for query in queries] == ["SAVEPOINT", "INSERT", "RELEASE"]
    assert Event.objects.count() == 20


def test_a_change_pays_one_insert(client: Client) -> None:
    with assertNumQueries(4):  # SAVEPOINT, the user, the event, RELEASE
        client.get("/change")

    assert only_event().type == "accounts.user_registered"


def test_a_success_goes_with_the_change_and_a_refusal_stays(client: Client) -> None:
    client.get("/change-and-roll-back")

    assert not User.objects.exists()
    assert only_event().type == "authz.access_denied"


@pytest.mark.parametrize("path", ["/crash", "/broken"])
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("atomic_requests", [True, False])
def test_an_event_of_a_request_that_crashes_is_kept(path: str, atomic_requests: bool, client: Client) -> None:
    connection.settings_dict["ATOMIC_REQUESTS"] = atomic_requests
    try:
        assert client.get(path).status_code == 500
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False

    assert only_event().status == 500


def test_the_control_is_the_middleware(client: Client, settings: Settings) -> None:
    """Without it a refusal is written at once, and a rollback takes it away."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "AuditMiddleware" not in name]

    client.get("/change-and-roll-back")

    assert not Event.objects.exists()


def test_an_event_of_a_stream_is_written_at_once(client: Client) -> None:
    response = client.get("/stream")
    assert not Event.objects.exists()

    assert response.getvalue() == b"firstsecond"

    event = only_event()
    assert (event.route, event.status) == ("stream", None)


def test_an_asynchronous_request() -> None:
    client = AsyncClient()

    response = async_to_sync(client.get)("/refuse-async")

    assert response.status_code == 401
    event = only_event()
    assert (event.reason, event.route, event.status) == ("async", "refuse-async", 401)


HOSTILE = {
    "NUL": "a\0b",
    "surrogates": "a\ud800b",
    "controls": "\x1b[2J\u202e",
    "100 kB": "x" * 100_000,
    "not ASCII": "ä漢😀",
    "token": "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl",
}


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("place", ["HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_REQUEST_ID", "REMOTE_ADDR"])
def test_no_header_suppresses_an_event(place: str, value: str, client: Client) -> None:
    client.get("/refuse", **{place: value})  # type: ignore[arg-type]

    event = only_event()
    assert "eyJhbGci" not in str(vars(event))


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_no_input_of_a_view_suppresses_an_event(word: str, client: Client) -> None:
    client.get("/refuse", {"reason": word.encode(errors="surrogatepass")})

    assert "\0" not in only_event().reason
