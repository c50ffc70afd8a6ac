from typing import Any

import pytest

from auditlog.sealing import entries


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((), "[]"),
        (("", None), '["",null]'),
        ([1, -(2**63), 2**64, True], "[1,-9223372036854775808,18446744073709551616,true]"),
        (["\0\x7f\x85\u2028é\U0001f600"], '["\\u0000\x7f\x85\u2028é\U0001f600"]'),
        (['"\\/\b\f\n\r\t'], '["\\"\\\\/\\b\\f\\n\\r\\t"]'),
        ({"b": [1, {"a": None}], "a": 2}, '{"b":[1,{"a":null}],"a":2}'),
    ],
    ids=ascii,
)
def test_a_value_is_written_as_ever(value: Any, text: str) -> None:
    """Leaves that were signed must come out the same for ever."""
    assert entries.encode(value) == text


def test_what_json_does_not_know_is_refused() -> None:
    with pytest.raises(TypeError):
        entries.encode([object()])
