"""Every error is a problem: it helps the caller, and tells nothing of the inside."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import Client
from pytest_django.fixtures import Settings

from edge import signals
from edge.problems import problem_response

pytestmark = pytest.mark.urls("tests.edge.urls")
Listen = Callable[[Signal], list[dict[str, Any]]]
PEOPLE = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def _answers(client: Client) -> None:
    client.raise_request_exception = False


@pytest.fixture(params=[False, True], ids=["", "debug"])
def _debug_too(request: pytest.FixtureRequest, settings: Settings) -> None:
    settings.DEBUG = request.param


@pytest.mark.usefixtures("_debug_too")
@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        (("get", "/api/nothing/here"), 404, "not_found"),
        (("get", "/api/fail/missing"), 404, "not_found"),
        (("get", "/api/plain/missing"), 404, "not_found"),
        (("get", "/api/fail/forbidden"), 403, "permission_denied"),
        (("get", "/api/plain/forbidden"), 403, "permission_denied"),
        (("get", "/api/fail/crash"), 500, "server_error"),
        (("get", "/api/plain/crash"), 500, "server_error"),
        (("get", "/api/plain/suspicious"), 400, "bad_request"),
        (("delete", "/api/notes"), 405, "method_not_allowed"),
        (("post", "/healthz"), 405, "method_not_allowed"),
    ],
)
def test_every_error_is_a_problem_and_gives_nothing_away(
    client: Client, ask: tuple[str, str], status: int, code: str
) -> None:
    method, path = ask
    answer = getattr(client, method)(path, headers=PEOPLE if path.startswith("/api") else {})
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id"}
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"].endswith(code)
    assert body["detail"]
    assert "secret" not in answer.content.decode().lower()
    assert "traceback" not in answer.content.decode().lower()
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_a_url_that_does_not_exist_lists_no_others(client: Client, settings: Settings) -> None:
    settings.DEBUG = True
    assert b"notes" not in client.get("/api/nothing").content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/fail/missing", 404),
        ("/fail/forbidden", 403),
        ("/fail/crash", 500),
        ("/fail/suspicious", 400),
    ],
)
def test_people_get_a_page_without_inline_style_or_script(client: Client, path: str, status: int) -> None:
    answer = client.get(path, headers=PEOPLE)
    text = answer.content.decode()
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["X-Request-ID"] in text
    assert "<style" not in text
    assert "style=" not in text
    assert "<script" not in text
    assert "secret" not in text.lower()


def test_programs_get_json_outside_the_api_too(client: Client) -> None:
    assert client.get("/nothing", headers={"accept": "*/*"}).json()["code"] == "not_found"


def test_an_error_page_survives_missing_static_files(client: Client, settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    answer = client.get("/nothing", headers=PEOPLE)
    assert answer.status_code == 404
    assert b"stylesheet" not in answer.content


def test_a_crash_is_signalled_by_name_only(client: Client, heard: Listen) -> None:
    crashes = heard(signals.server_error)
    client.get("/api/fail/crash?token=abc")
    assert [crash["data"] for crash in crashes] == [
        {"exception": "RuntimeError", "path": "/api/fail/crash", "method": "GET"}
    ]
    assert crashes[0]["outcome"] == "failed"


def test_invalid_input_names_each_fault(client: Client, heard: Listen) -> None:
    invalid = heard(signals.validation_failed)
    answer = client.get("/api/fail/invalid")
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert answer.json()["errors"] == [
        {"pointer": "/a/b", "code": "invalid", "detail": "No."},
        {"pointer": "/list/1/c~1d", "code": "invalid", "detail": "No."},
    ]
    assert [fault["pointer"] for fault in invalid[0]["data"]["errors"]] == ["/a/b", "/list/1/c~1d"]
    assert "detail" not in invalid[0]["data"]["errors"][0], "details may repeat the input"


def test_a_wrong_host_is_refused(client: Client, heard: Listen) -> None:
    refusals = heard(signals.request_refused)
    answer = client.get("/api/notes", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_host"
    assert "evil" not in answer.content.decode()
    assert refusals[0]["data"]["code"] == "bad_host"


@pytest.mark.parametrize("accept", ["*/*", "text/html"])
def test_a_csrf_failure_says_what_to_do_and_not_why(heard: Listen, accept: str) -> None:
    failures = heard(signals.csrf_failed)
    answer = Client(enforce_csrf_checks=True).post("/guarded", headers={"accept": accept})
    assert answer.status_code == 403
    assert "cookie" not in answer.content.decode().lower()
    assert "CSRF cookie not set." in failures[0]["data"]["reason"]


def test_html_in_a_detail_is_escaped(client: Client, rf: Any) -> None:
    request = rf.get("/", headers=PEOPLE)
    answer = problem_response(request, status=400, code="x", detail="<script>alert(1)</script>")
    assert b"<script" not in answer.content


def test_an_answer_that_is_no_page_is_left_alone(rf: Any) -> None:
    from django.http import JsonResponse

    from edge.problems import ProblemMiddleware

    own = JsonResponse({"own": True}, status=409)
    assert ProblemMiddleware(lambda request: own)(rf.get("/api/x")) is own
    assert json.loads(own.content) == {"own": True}
