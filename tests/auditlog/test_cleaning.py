"""Whatever comes in, something storable comes out."""

import datetime
import decimal
import enum
import json
import uuid
from typing import Any

import pytest
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from auditlog import cleaning
from auditlog.redaction import REDACTED

any_text = st.text(st.characters(), max_size=300)
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text | st.binary() | st.uuids() | st.dates(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(any_text, inner, max_size=5) | st.sets(st.integers()),
    max_leaves=20,
)


@given(any_text)
def test_text_is_storable(value: str) -> None:
    cleaned = cleaning.text(value, 100)

    assert len(cleaned) <= 100
    assert "\0" not in cleaned
    cleaned.encode()


@given(st.dictionaries(any_text, any_json, max_size=5))
def test_json_is_storable(value: dict[str, Any]) -> None:
    text = json.dumps(cleaning.json_object(value), allow_nan=False, ensure_ascii=False)

    assert "\\u0000" not in text
    text.encode()


def test_controls_that_fool_the_eye_are_replaced() -> None:
    assert cleaning.text("a\u202eb\x1b[2Jc\nd\te", 50) == "a\ufffdb\ufffd[2Jc\nd\te"


def test_a_header_of_100_kb_is_cut() -> None:
    assert cleaning.text("x" * 100_000, 400) == "x" * 400


def test_a_secret_that_stands_across_the_cut_is_gone() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"

    cleaned = cleaning.text("x" * 60 + " " + token, 90)

    assert "eyJ" not in cleaned
    assert REDACTED in cleaned


class Colour(enum.Enum):
    RED = "red"


class Opaque:
    def __repr__(self) -> str:
        return "password=hunter2"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (1, 1),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (2**63 - 1, 2**63 - 1),
        (2**63, "0x8000000000000000"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (decimal.Decimal("1.10"), "1.10"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"),
        (Colour.RED, "red"),
        (gettext_lazy("yes"), "yes"),
        (User(pk=uuid.UUID(int=2)), "00000000-0000-0000-0000-000000000002"),
        (Opaque(), "<Opaque>"),
        (b"hunter2", "<bytes>"),
        ((1, 2), [1, 2]),
        ({3}, [3]),
    ],
)
def test_values(value: object, kept: object) -> None:
    assert cleaning.json_object({"value": value}) == {"value": kept}


def test_an_integer_that_python_refuses_to_print() -> None:
    assert len(cleaning.json_object({"n": 10**5000})["n"]) == cleaning.MAX_TEXT


def test_secrets_are_found_in_depth() -> None:
    cleaned = cleaning.json_object(
        {"form": [{"email": "a@b.c", "new_password": "hunter2", "note": "Bearer " + "a" * 30}]}
    )

    assert cleaned == {"form": [{"email": "a@b.c", "new_password": REDACTED, "note": "Bearer [redacted]"}]}


def test_depth_is_cut() -> None:
    value: Any = "bottom"
    for _ in range(2000):
        value = [value]

    assert "bottom" not in json.dumps(cleaning.json_object({"deep": value}))


def test_length_is_cut() -> None:
    cleaned = cleaning.json_object({"list": list(range(1000)), **{f"k{i}": [0] * 90 for i in range(300)}})

    assert len(cleaned) == cleaning.MAX_ITEMS + 1
    assert cleaned[cleaning.TRUNCATED] == 301 - cleaning.MAX_ITEMS
    assert cleaned["list"][-1] == cleaning.TRUNCATED
    assert len(json.dumps(cleaned)) < 20_000


@pytest.mark.parametrize(
    "secret",
    ["AKIAIOSFODNN7EXAMPLE", "xoxb-123456789012-abcdefghij", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJub25lIn0"],
)
@pytest.mark.parametrize("before", ["", "x-", "a.b-"])
def test_a_short_secret_without_odd_letters_is_none_that_is_plain(secret: str, before: str) -> None:
    assert cleaning.text(f"{before}{secret}", 100) == f"{before}{REDACTED}"
