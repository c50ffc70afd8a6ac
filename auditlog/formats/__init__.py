"""How events leave the log: for spreadsheets, for programs, for a SIEM."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Any

from ..models import Event
from .ecs import as_ecs
from .ocsf import as_ocsf
from .record import COLUMNS, as_record

#: What a spreadsheet takes for the start of a formula, also in full width (OWASP, CSV injection).
_FORMULA = tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")


class Format(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"
    OCSF = "ocsf"
    ECS = "ecs"

    @property
    def content_type(self) -> str:
        """The media type (RFC 4180; NDJSON has none registered, and this is the usual one)."""
        return "text/csv; charset=utf-8; header=present" if self is Format.CSV else "application/x-ndjson"

    @property
    def extension(self) -> str:
        """What a file of it is called by at its end."""
        return {Format.CSV: "csv", Format.NDJSON: "ndjson"}.get(self, f"{self}.ndjson")


_DOCUMENTS: dict[Format, Callable[[Event], dict[str, Any]]] = {
    Format.NDJSON: as_record,
    Format.OCSF: as_ocsf,
    Format.ECS: as_ecs,
}


def line(kind: Format, event: Event) -> bytes:
    """Return ``event`` as one line of JSON without its end. ASCII only: no reader splits a line at U+2028."""
    return json.dumps(_DOCUMENTS[kind](event), separators=(",", ":")).encode()


def write(kind: Format, batches: Iterable[list[Event]]) -> Iterator[bytes]:
    """Yield the pieces of a file, one a batch."""
    if kind is Format.CSV:
        yield _rows([COLUMNS])
    for batch in batches:
        if kind is Format.CSV:
            yield _rows([cell(value) for value in as_record(event).values()] for event in batch)
        else:
            yield b"".join(line(kind, event) + b"\n" for event in batch)


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)  # quoted, no value can start another cell
    return text.getvalue().encode()


def cell(value: Any) -> str:
    """Return a value as the text of a CSV cell that no spreadsheet runs: an apostrophe goes before a formula."""
    if value is None:
        return ""
    text = json.dumps(value) if isinstance(value, dict | list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


__all__ = ["COLUMNS", "Format", "as_ecs", "as_ocsf", "as_record", "cell", "line", "write"]
