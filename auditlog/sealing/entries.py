"""What is hashed of an event: its leaf.

Note: personal data. A leaf covers the columns of `Format.public` as they are, and of each part of `Format.personal`
only a commitment: SHA-256 over a secret salt and the values. Whoever knows salt and values can check it, and who
knows neither learns nothing from it, not even by guessing. So the values and the salt can be erased, the commitment
is kept, and the leaf with every proof over it stays what it was. Each part has a salt of its own, cut from what
SHAKE-256 makes of the event's: erasing one part leaves the others checkable, and tells nothing of it.
"""

import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256, shake_256
from itertools import accumulate, pairwise
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.functions import Cast
from django.db.models.sql.compiler import SQLCompiler

from ..models import ErasedPart, Event
from .merkle import leaf_hash

Row = tuple[Any, ...]
#: Part -> its commitment, of those parts that were erased.
Remains = Mapping[str, str]
#: Bytes of the salt of an event, and of each of its parts.
SALT_SIZE, _PART_SIZE = 16, 32
encode: Callable[[Any], str] = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True)
class Format:
    """Which columns a leaf covers, in their order; never changed once a tree was built with it."""

    number: int
    public: tuple[str, ...]
    personal: Mapping[str, tuple[str, ...]]

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.public, *(name for names in self.personal.values() for name in names), "salt")


FORMATS = {
    1: Format(
        number=1,
        public=(
            *("epoch", "tx", "seq", "uuid", "ts", "type", "outcome", "severity", "reason", "actor_type", "actor_id"),
            *("tenant", "session", "country", "request_id", "route", "method", "status", "target_type", "target_id"),
            *("dropped", "count", "last_ts"),
        ),
        personal={
            "who": ("actor_label", "src_ip", "user_agent"),
            "whom": ("target_label", "changes"),
            "what": ("data",),
        },
    )
}
CURRENT = FORMATS[max(FORMATS)]
#: What an erased column holds.
_BLANK = (None, "", "{}")
#: Where in a row of any format the place, the id and the time of the event stand.
EPOCH, TX, SEQ, UUID, TS = range(5)


class _Plain(Func):
    """A column as a number or a text that is the same for ever, and that Python need not make an object of."""

    arity = 1
    template = "CAST(%(expressions)s AS text)"
    output_field = TextField()

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        # Microseconds since 1970: the text of a timestamp depends on the session's time zone.
        template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"
        return self.as_sql(compiler, connection, template=template, **context)


class _Host(Func):
    arity = 1
    function = "host"
    output_field = TextField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


def _expression(name: str) -> Any:
    if name in ("ts", "last_ts"):
        return _Plain(F(name))
    if name in ("changes", "data", "uuid"):
        return Cast(F(name), TextField())
    return _Host(F(name)) if name == "src_ip" else F(name)


def rows(events: QuerySet[Event], form: Format) -> Iterator[Row]:
    """Yield the columns of ``form`` of each event."""
    if events.query.is_empty():
        return
    expressions = [_expression(name) for name in form.columns]
    query = events.values_list(*expressions).query
    connection = connections[events.db]
    statement, parameters = query.get_compiler(connection=connection).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        # Past Django's converters, which cost more than all the hashing.
        while found := cursor.fetchmany(5000):
            yield from found


class Leaves:
    """Makes the leaves of one format."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self._public = len(form.public)
        sizes = [len(names) for names in form.personal.values()]
        ends = list(accumulate(sizes, initial=self._public))
        self._bounds = list(pairwise(ends))
        self._salts = _PART_SIZE * len(sizes)

    def entry(self, row: Row, remains: Remains | None = None) -> bytes:
        """Return the text that a leaf is the hash of: the public columns, then the commitments, as JSON.

        :param remains: of an event whose personal data were erased, in part or wholly.
        """
        commitments = self.commitments(row, remains or {})
        return encode([self.form.number, *row[: self._public], *commitments]).encode(errors="surrogatepass")

    def commitments(self, row: Row, remains: Remains) -> list[str]:
        parts = zip(self.form.personal, self.salts(row[-1]), self.values(row), strict=True)
        if not remains:
            return [_commitment(salt, values) for _part, salt, values in parts]
        # What nothing vouches for may not stand where erased data stood.
        return [
            (remains[part] if all(value in _BLANK for value in values) else "")
            if part in remains
            else _commitment(salt, values)
            for part, salt, values in parts
        ]

    def salts(self, salt: bytes) -> list[bytes]:
        """Return the salt of each part; once one is erased, the event keeps those of the others instead of its own."""
        made = shake_256(salt).digest(self._salts) if len(salt) == SALT_SIZE else salt.ljust(self._salts, b"\0")
        return [made[at : at + _PART_SIZE] for at in range(0, self._salts, _PART_SIZE)]

    def values(self, row: Row) -> list[Row]:
        """Return the values of each part."""
        return [row[begin:end] for begin, end in self._bounds]


def leaf_hashes(found: list[Row], form: Format, alias: str) -> list[bytes]:
    """Return the hash of each event's leaf."""
    entry, left = Leaves(form).entry, remains_of(found, alias)
    if not left:
        return [leaf_hash(entry(row)) for row in found]
    return [leaf_hash(entry(row, left.get(row[UUID]))) for row in found]


def remains_of(found: list[Row], alias: str) -> dict[str, dict[str, str]]:
    """Return the commitments that are left of those events that lost personal data, by the text of their id."""
    erased = {id_of(row): row[UUID] for row in found if len(row[-1]) != SALT_SIZE}
    left: dict[str, dict[str, str]] = {}
    if erased:
        parts = ErasedPart.objects.using(alias).filter(uuid__in=list(erased))
        for event, part, commitment in parts.values_list("uuid", "part", "commitment"):
            left.setdefault(erased[event], {})[part] = commitment
    return left


def id_of(row: Row) -> uuid.UUID:
    """Return the id of the event in a row."""
    return uuid.UUID(row[UUID])


def key_of(row: Row) -> bytes:
    """Return the id of the event in a row as a tile keeps it."""
    return bytes.fromhex(row[UUID].replace("-", ""))


def time_of(row: Row) -> datetime:
    """Return when the event in a row happened."""
    found = row[TS]
    if isinstance(found, int):
        return datetime.fromtimestamp(found / 1_000_000, UTC)
    moment = datetime.fromisoformat(found)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _commitment(salt: bytes, values: Row) -> str:
    return sha256(salt + encode(values).encode(errors="surrogatepass")).hexdigest()
