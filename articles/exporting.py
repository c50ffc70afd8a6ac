"""Writes articles as files, one row at a time, so that an export of any size takes the memory of one row."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

#: What a spreadsheet takes for the start of a formula, also in full width (OWASP CSV injection).
_FORMULA = tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def content_type(self) -> str:
        """The media type (RFC 4180; NDJSON has none registered, and this is the usual one)."""
        return "text/csv; charset=utf-8; header=present" if self is Format.CSV else "application/x-ndjson"


def write(kind: Format, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the file's pieces.

    :param rows: JSON-able values by column.
    :param columns: which of them, in order.
    """
    return _csv(rows, columns) if kind is Format.CSV else _ndjson(rows, columns)


def _csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    line = io.StringIO()
    writer = csv.writer(line, quoting=csv.QUOTE_ALL)  # quoted, a separator or line end cannot start another cell
    for values in _with_header(rows, columns):
        writer.writerow(values)
        yield line.getvalue().encode()
        line.seek(0)
        line.truncate()


def _with_header(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[Sequence[str]]:
    yield columns
    for row in rows:
        yield [cell(row[column]) for column in columns]


def cell(value: Any) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet runs.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises.
    """
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    risky = text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)
    return f"'{text}" if risky else text


def _ndjson(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[bytes]:
    for row in rows:
        # ASCII only: no reader splits a line at U+2028.
        line = {column: row[column] for column in columns}
        yield json.dumps(line, cls=JSONEncoder, separators=(",", ":")).encode() + b"\n"
