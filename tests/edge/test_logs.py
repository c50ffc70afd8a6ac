"""Logs say what happened, to which request, and no secret."""

import io
import json
import logging
import logging.config
import time
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from edge.logs import logging_config
from edge.redaction import REDACTED, redacted, redacted_text

from .planted import TEXTS

pytestmark = pytest.mark.urls("tests.edge.urls")


@pytest.fixture
def written() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Return a function that returns the lines logged so far, as the configuration writes them."""
    stream = io.StringIO()
    config = logging_config()
    handler = logging.StreamHandler(stream)
    logging.config.dictConfig({**config, "handlers": {}, "root": {"level": "INFO"}})
    formatter = config["formatters"]["bulwark"]
    handler.setFormatter(formatter["()"](pretty=formatter["pretty"]))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_in_a_text_is_taken_out(text: str) -> None:
    clean = redacted_text(text)
    assert "PLANTED" not in clean
    assert "eyJ" not in clean
    assert REDACTED in clean


@pytest.mark.parametrize("text", TEXTS)
def test_a_secret_in_a_message_or_an_exception_is_not_logged(
    written: Callable[[], list[dict[str, Any]]], text: str
) -> None:
    logger = logging.getLogger("somebody.elses")
    logger.warning("it said %s", text)
    try:
        raise ValueError(text)  # noqa: TRY301 - a traceback is wanted
    except ValueError:
        logger.exception("it failed", extra={"payload": {"inner": [text]}, "note": text})
    for line in written():
        assert "PLANTED" not in json.dumps(line)
        assert "eyJ" not in json.dumps(line)
    assert len(written()) == 2


@pytest.mark.parametrize(
    "name",
    ["password", "PASSWORD", "new_password", "password_confirm", "token", "access_token", "refresh-token", "secret",
     "client_secret", "authorization", "Proxy-Authorization", "cookie", "set-cookie", "api_key", "x-api-key",
     "private_key", "sessionid", "session_key", "csrftoken", "otp", "credentials", "mfa_token", "recovery_codes"],
)  # fmt: skip
def test_a_field_with_a_secret_name_is_taken_out(name: str) -> None:
    assert redacted({"x": [{name: "PLANTED"}]}) == {"x": [{name: REDACTED}]}


@pytest.mark.parametrize(
    "value",
    ["GET /api/v1/articles/ 200", "alice@example.org", "the password was changed", "token_rotated", "author=alice",
     "passed=12", "keys: 3", "https://example.org/a?b=c", "session revoked", 'null value in column "title"',
     "IndexError: list index out of range", "the value is out of range: 5"],
)  # fmt: skip
def test_what_is_no_secret_stays(value: str) -> None:
    assert redacted(value) == value


def test_fields_that_only_sound_alike_stay() -> None:
    harmless = {"author": "alice", "passed": 3, "tokens_left": 5, "key_count": 2, "status": 200, "user": None}
    assert redacted(harmless) == harmless


_LEAVES = st.text() | st.integers() | st.binary() | st.none()
_KEYS = _LEAVES | st.tuples(st.integers())


@given(st.recursive(_LEAVES, lambda inner: st.lists(inner) | st.dictionaries(_KEYS, inner)))
def test_whatever_is_logged_can_be_written(value: Any) -> None:
    json.dumps(redacted(value))


def test_nesting_without_end_is_cut() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert REDACTED in json.dumps(redacted(loop))


def test_a_line_has_the_request_id(client: Client, written: Callable[[], list[dict[str, Any]]]) -> None:
    answer = client.get("/api/notes?token=PLANTED")
    (line,) = [line for line in written() if line["logger"] == "bulwark.access"]
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["route"] == "/api/notes"
    assert line["status"] == 200
    assert line["method"] == "GET"
    assert line["ms"] >= 0
    assert line["user"] is None
    assert "PLANTED" not in json.dumps(line)


def test_a_crash_is_logged_with_the_id_that_the_caller_got(
    client: Client, written: Callable[[], list[dict[str, Any]]]
) -> None:
    client.raise_request_exception = False
    answer = client.get("/api/fail/crash")
    (line,) = [line for line in written() if "exception" in line]
    assert line["request_id"] == answer.json()["request_id"]
    assert "RuntimeError" in line["exception"]


@pytest.mark.parametrize("name", ["level", "timestamp", "logger"])
def test_what_is_known_of_a_line_is_not_the_callers_to_say(
    written: Callable[[], list[dict[str, Any]]], name: str
) -> None:
    logging.getLogger("somebody.elses").info("it happened", extra={name: "password=PLANTED"})
    (line,) = written()
    assert (line["level"], line["logger"]) == ("info", "somebody.elses")
    assert "PLANTED" not in json.dumps(line)


def test_what_structlogs_loggers_say_is_a_line_without_secrets_too(
    written: Callable[[], list[dict[str, Any]]],
) -> None:
    wrapped = structlog.stdlib.ProcessorFormatter.wrap_for_formatter
    logger = structlog.wrap_logger(
        logging.getLogger("somebody.elses"), processors=[wrapped], wrapper_class=structlog.stdlib.BoundLogger
    )
    try:
        raise ValueError("password=PLANTED")  # noqa: TRY301 - a traceback is wanted
    except ValueError:
        logger.bind(token="PLANTED", count=3).exception("it failed")
    (line,) = written()
    assert (line["event"], line["count"], line["level"], line["token"]) == ("it failed", 3, "error", REDACTED)
    assert "ValueError" in line["exception"]
    assert "PLANTED" not in json.dumps(line)


def test_pretty_lines_are_for_people() -> None:
    config = logging_config(pretty=True)["formatters"]["bulwark"]
    formatter = config["()"](pretty=config["pretty"])
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "password=%s", ("PLANTED",), None)
    text = formatter.format(record)
    assert REDACTED in text
    assert not text.startswith("{")


def test_what_led_to_an_error_of_the_database_stays(written: Callable[[], list[dict[str, Any]]]) -> None:
    try:
        try:
            raise ValueError("violates a constraint\nDETAIL:  Failing row contains (PLANTED, PLANTED).")  # noqa: TRY301 - a traceback is wanted
        except ValueError as error:
            raise RuntimeError(str(error)) from error
    except RuntimeError:
        logging.getLogger("somebody.elses").exception("it failed")
    (line,) = written()
    assert line["exception"].count("Traceback") == 2
    assert line["exception"].count(REDACTED) == 2
    assert "PLANTED" not in line["exception"]


#: Beginnings of what is looked for, which a search that starts anew at each of them reads to the end each time.
PUMPS = [
    *("a-", "a.", "csrf_", "a", "a://a:", "eyJ", "eyJaaaaaa.", "bearer ", "-----BEGIN ", " argon2", "LINE 1", "token="),
    *("DETAIL:  ", "Failing row contains (", "Key (", "Key (a)=", "Key (a)=(", "invalid input value for ", 'token="'),
]


@pytest.mark.parametrize("word", PUMPS)
def test_a_long_text_costs_no_more_than_its_length(word: str) -> None:
    """Whoever asks for an unknown path has it logged: looking through it must not keep a process busy for seconds."""

    def seconds(length: int) -> float:
        text = "Not Found: /" + word * (length // len(word))
        return min(timeit.repeat(lambda: redacted_text(text), timer=time.process_time, number=1, repeat=3))

    # 32 times the length may cost some 32 times as much; to try each word with all after it costs 1024 times.
    assert seconds(64_000) < 120 * max(seconds(2_000), 1e-4)
