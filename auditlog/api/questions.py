"""What the query string of the API asks, and where its answer begins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as FormError
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from ..formats import Format
from ..keyset import Cursor
from ..models import Follower
from ..search import EventSearch
from . import places

ORDERS = ("newest", "log")
SCHEMAS = ("record", "ocsf", "ecs")
LIMIT, MOST = 100, 1000
PARAMETERS = ("cursor", "limit", "order", "schema")


@dataclass(frozen=True)
class Asked:
    """A question that was understood.

    :param cursor: the word of the URL, empty where a walk through the log begins.
    """

    search: EventSearch
    order: str
    schema: Format
    limit: int
    cursor: str
    user: str

    @property
    def identity(self) -> str:
        """What a cursor is bound to."""
        return f"{self.order}\n{self.search.query_string}"

    def after(self) -> Cursor | None:
        """Return the place in the list that is ordered by time."""
        if not self.cursor:
            return None
        ts, seq, is_newer = places.decode(self.cursor, user=self.user, question=self.identity)
        return Cursor(datetime.fromisoformat(ts), seq, is_newer=is_newer)

    def follower(self) -> Follower:
        """Return the place in the log's own order."""
        if not self.cursor:
            return Follower(name="")
        epoch, tx, seq = places.decode(self.cursor, user=self.user, question=self.identity)
        return Follower(name="", epoch=epoch, tx=tx, seq=seq)

    def word(self, place: list[Any]) -> str:
        """Return the cursor that leads to ``place`` in the answer to this question."""
        return places.encode(place, user=self.user, question=self.identity)


def understood(request: Request) -> Asked:
    """Return what is asked.

    :raises ValidationError: a parameter is unknown, given twice, empty or wrong.
    """
    given = _single(request)
    order, schema = given.get("order", ORDERS[0]), given.get("schema", SCHEMAS[0])
    if order == "log":
        given.setdefault("period", "all")  # a reader that was away for long misses nothing
    search = EventSearch({name: value for name, value in given.items() if name not in PARAMETERS})
    errors = {name: list(map(_detail, faults.as_data())) for name, faults in search.errors.items()}
    errors |= _choice("order", order, ORDERS) | _choice("schema", schema, SCHEMAS)
    limit, wrong = _limit(given.get("limit", str(LIMIT)))
    if errors | wrong:
        raise ValidationError(errors | wrong)
    kind = Format.NDJSON if schema == "record" else Format(schema)
    return Asked(search, order, kind, limit, given.get("cursor", ""), str(request.user.pk))


def _single(request: Request) -> dict[str, str]:
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in request.query_params.lists():
        if name not in EventSearch.base_fields and name not in PARAMETERS:
            errors[name] = [ErrorDetail("This parameter is not known here.", "unknown_parameter")]
        elif len(values) > 1:
            errors[name] = [ErrorDetail("Give this parameter once.", "repeated_parameter")]
        elif not values[0].strip():
            errors[name] = [ErrorDetail("This parameter needs a value.", "blank")]
    if errors:
        raise ValidationError(errors)
    return {name: str(values[0]) for name, values in request.query_params.lists()}


def _detail(fault: FormError) -> ErrorDetail:
    return ErrorDetail(" ".join(map(str, fault.messages)), str(fault.code or "invalid"))


def _choice(name: str, value: str, choices: tuple[str, ...]) -> dict[str, list[ErrorDetail]]:
    if value in choices:
        return {}
    return {name: [ErrorDetail(f"This is one of {', '.join(choices)}.", "invalid_choice")]}


def _limit(text: str) -> tuple[int, dict[str, list[ErrorDetail]]]:
    if text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= MOST:
        return int(text), {}
    return 0, {"limit": [ErrorDetail(f"This is a whole number from 1 to {MOST}.", "invalid")]}
