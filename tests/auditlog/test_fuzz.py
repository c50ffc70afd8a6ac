"""Whatever a client sends, each failed login leaves exactly one event: no input keeps one out, none makes two."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

import auditlog
from accounts.models import User
from auditlog import spool, subscriptions
from auditlog.models import Event

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.auditlog.urls")]

fuzz = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
#: How often what was drawn is repeated: 100 kB are a header too.
TIMES = st.sampled_from([1, 1, 5_000])
NASTY = st.sampled_from(
    [
        *(
            "\x00",
            "\ud800\udfff",
            "\ufeff",
            "\u202e",
            "\x1b[31m",
            "'; DROP TABLE bulwark_auditlog_event; --",
            "%s%n{0}",
        ),
        *("NaN", "null", "eyJhbGciOiJub25lIn0.e30.", "../../etc/passwd", "::ffff:127.0.0.1", "127.0.0.1, ", "%00"),
        *("[::1", "999.999.999.999", "fe80::1%eth0", "1" * 400, ",,,,", "for=_hidden", "unknown", " ", "\r\nX: y"),
    ]
)
TEXT = st.one_of(st.text(st.characters(), max_size=20), NASTY)
HEADERS = st.sampled_from(
    ["HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REQUEST_ID", "HTTP_X_TENANT", "REMOTE_ADDR"]
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TEXT, inner, max_size=5)),
    max_leaves=20,
)


SIGNAL = "django.contrib.auth.signals.user_login_failed"


@pytest.fixture(autouse=True)
def atomic_requests(settings: Settings, spool_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every request is a transaction, which its refusal rolls back; a getter passes on what a client says."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", value=True)
    settings.AUTHENTICATION_BACKENDS = ["tests.auditlog.urls.NobodyEnters"]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "TRUSTED_PROXIES": ["127.0.0.0/8"]}
    settings.MIDDLEWARE = ["auditlog.middleware.AuditMiddleware"]
    settings.BULWARK_AUDITLOG = {
        **settings.BULWARK_AUDITLOG,
        "FLOOD_LIMIT": 0,  # each is written singly
        "SIGNALS": [SIGNAL],
        "TENANT": "tests.auditlog.urls.tenant",
        "COUNTRY": "tests.auditlog.urls.tenant",
    }
    subscriptions.subscribe()
    yield
    subscriptions.signal_at(SIGNAL).disconnect(dispatch_uid=subscriptions.uid(SIGNAL))


def new_events(act: Callable[[], Any]) -> list[Event]:
    newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    act()
    assert spool.waiting() == [], "the database has taken it"
    return list(Event.objects.filter(seq__gt=newest).order_by("seq"))


@fuzz
@given(typed=TEXT, times=TIMES, headers=st.dictionaries(HEADERS, TEXT), crashes=st.booleans())
@example(typed="\x00", times=50_000, headers={"HTTP_USER_AGENT": "\x00\ud800"}, crashes=True)
@example(typed="alice@example.com", times=1, headers={"HTTP_X_FORWARDED_FOR": "1.2.3.4, nonsense"}, crashes=False)
def test_a_failed_login_leaves_one_event(typed: str, times: int, headers: dict[str, str], crashes: bool) -> None:
    client = Client(raise_request_exception=False)
    body = f"username={quote(typed * times, errors='surrogatepass')}&password=wrong"
    sent: dict[str, Any] = {name: value * times for name, value in headers.items()}

    def fail() -> None:
        path = f"/log-in?crash={int(crashes)}"
        response = client.post(path, body, content_type="application/x-www-form-urlencoded", **sent)
        assert response.status_code == (500 if crashes else 401)

    (event,) = new_events(fail)

    told = (event.type, event.outcome, event.method, event.route, event.status)
    assert told == ("auth.user_login_failed", "failed", "POST", "log-in", 500 if crashes else 401)
    assert not User.objects.filter(email="new@example.com").exists(), "the request was rolled back, the event was not"


@fuzz
@given(
    kind=TEXT,
    reason=TEXT,
    changes=st.dictionaries(TEXT, JSON, max_size=4),
    identifier=JSON,
    outcome=st.sampled_from(["success", "refused", "failed"]),
)
def test_whatever_is_recorded_is_stored(
    kind: str, reason: str, changes: dict[str, Any], identifier: Any, outcome: str
) -> None:
    data = {"identifier": identifier, "password": "hunter2"}

    def act() -> None:
        auditlog.record(kind, outcome=outcome, reason=reason, changes=changes, data=data)
        auditlog.record("auth.user_login_failed", outcome=outcome, data=data)

    events = new_events(act)

    assert [event.outcome for event in events] == [outcome, outcome]
    assert all("hunter2" not in str(vars(event)) for event in events)
    assert set(events[1].data) == {"identifier"}
