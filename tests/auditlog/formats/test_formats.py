"""Files that a spreadsheet does not run and a program reads line by line."""

import csv
import io
import json
from typing import Any

import pytest

from auditlog.event_types import EventType
from auditlog.formats import COLUMNS, Format, as_record, cell, line, write
from auditlog.models import Event
from tests.auditlog.formats.invented import full

FORMULAS = ['=HYPERLINK("//evil")', "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "  =1", "\uff1d1", "%0A=1"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_is_a_formula(formula: str) -> None:
    event = full(EventType.ACCOUNTS_LOGIN_FAILED)
    event.actor_label = event.user_agent = event.reason = formula
    event.data = {formula: formula}
    text = b"".join(write(Format.CSV, [[event]])).decode()
    header, row = csv.reader(io.StringIO(text))

    assert tuple(header) == COLUMNS
    shown = dict(zip(header, row, strict=True))
    assert shown["actor_label"] == shown["user_agent"] == shown["reason"] == f"'{formula}"
    assert not any(value.lstrip().startswith(("=", "+", "@", "\uff1d")) for value in row)
    assert json.loads(shown["data"]) == event.data


@pytest.mark.parametrize(("value", "shown"), [(None, ""), (7, "7"), ({}, "{}"), ("plain", "plain"), (0, "0")])
def test_other_cells_stay_as_they_are(value: Any, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize("kind", [Format.NDJSON, Format.OCSF, Format.ECS])
def test_one_line_an_event(kind: Format) -> None:
    events = [full(member) for member in EventType]
    events[0].reason = "two\nlines\u2028and more"
    lines = b"".join(write(kind, [events[:5], events[5:]])).split(b"\n")

    assert lines.pop() == b""
    assert [json.loads(found) for found in lines] == [json.loads(line(kind, event)) for event in events]
    assert all(found.isascii() for found in lines)


def test_a_record_has_every_column_but_the_salt() -> None:
    names = {field.name for field in Event._meta.concrete_fields} - {"salt", "uuid"}

    assert {*COLUMNS} == {"id", *names}
    assert set(as_record(full(EventType.ACCOUNTS_LOGGED_OUT))) == {*COLUMNS}
