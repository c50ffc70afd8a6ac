"""Drops whole months that are old enough; what they held stays proved by the hashes, and that they are gone is told.

PostgreSQL only, and only the owner of the tables can.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from . import partitions
from .models import DroppedRange, ErasedPart, Event, Facet, Follower, HourlyCount, Tile
from .partitions import Month, month_of
from .recording import record
from .sealing import witnesses
from .sealing.places import Place, place_of, tiles_from
from .sealing.tiles import KEY_SIZE, WIDTH

Range = tuple[int, int, int]  # a tree, and the first and last index of leaves in it
_TABLE = Event._meta.db_table  # noqa: SLF001 - Django's documented face of a model
#: The longest that writers may have to wait behind us for the parent's lock.
_LOCK_TIMEOUT = "5s"


class MonthKept(Exception):  # noqa: N818 - errors are past participles in this project
    """A month cannot be dropped yet."""


def expired(alias: str, keep: int, now: datetime.datetime) -> list[Month]:
    """Return the months that end before the last ``keep`` full months begin, oldest first."""
    limit = month_of(now)
    for _ in range(keep):
        limit = limit.previous
    connection = connections[alias]
    stray = {month_of(moment) for moment in _months_in_default(connection)}
    return sorted(month for month in {*partitions.existing(connection, _TABLE), *stray} if month < limit)


def drop(month: Month, alias: str) -> int:
    """Drop the partition of ``month``, record it, and return how many events it held.

    :raises MonthKept: some of them are not sealed, or have not been read by a reader of the log.
    :raises django.db.Error: this role does not own the table, or writers kept it busy.
    """
    connection = connections[alias]
    if month not in partitions.existing(connection, _TABLE):
        partitions.create(connection, _TABLE, month)  # its events stand in the default partition
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        partition = _Partition(month, alias, cursor, connection.ops.quote_name(month.table(_TABLE)))
        cursor.execute(f"LOCK TABLE {partition.table} IN SHARE MODE")
        cursor.execute(f"SELECT count(*), min(ts), max(ts) FROM {partition.table}")  # noqa: S608 - a quoted name
        count, oldest, newest = cursor.fetchone()
        ranges = partition.sealed_ranges() if count else []
        partition.record(ranges, {"events": count, "oldest": str(oldest), "newest": str(newest)})
        # The charts keep how many there were; whence they came goes with them (OWASP ASVS 5.0, V14.2.7).
        HourlyCount.objects.using(alias).filter(facet=Facet.SOURCE, hour__lt=month.next.first_day).delete()
        # Last, for it locks the whole log, and what comes before takes longer.
        cursor.execute(f"DROP TABLE {partition.table}")
    return int(count)


@dataclass
class _Partition:
    """A table that is about to be dropped."""

    month: Month
    alias: str
    cursor: Any
    table: str

    def sealed_ranges(self) -> list[Range]:
        """Return the leaves of its events.

        :raises MonthKept: some have none.
        """
        first, last = self._edge("ASC"), self._edge("DESC")
        newest = Tile.objects.using(self.alias).filter(level=0).order_by("-tree", "-index").first()
        if newest is None or last > place_of(newest):
            msg = f"{self.month} holds events that are not sealed: `manage.py auditlog_seal` first."
            raise MonthKept(msg)
        for reader in Follower.objects.using(self.alias):
            if (reader.epoch, reader.tx, reader.seq) < last:
                msg = f"{self.month} holds events that the reader {reader.name!r} has not read."
                raise MonthKept(msg)
        return list(_merged(self._leaves(first, last)))

    def record(self, ranges: list[Range], told: dict[str, Any]) -> None:
        """Write what is dropped, and the event that vouches for it and for what dropped events had vouched for."""
        self._ask("SELECT uuid FROM {table} WHERE type IN (%s, %s)", [witnesses.DROPPED, witnesses.ERASED])
        vouching = [event for (event,) in self.cursor.fetchall()]
        inherited = DroppedRange.objects.using(self.alias).filter(event__in=vouching)
        ranges = [*ranges, *inherited.values_list("tree", "first", "last")]
        inherited.delete()
        parts = self._inherited_parts(vouching)
        digests = {
            "digest": witnesses.digest_of_ranges(ranges),
            "erased": witnesses.digest_of_parts((part.uuid, part.part) for part in parts),
        }
        event = record(witnesses.DROPPED, data={**told, "month": str(self.month), **digests})
        kept = ErasedPart.objects.using(self.alias).filter(pk__in=[part.pk for part in parts])
        kept.update(event=event.uuid)
        made = [DroppedRange(event=event.uuid, tree=tree, first=first, last=last) for tree, first, last in ranges]
        DroppedRange.objects.using(self.alias).bulk_create(made, batch_size=500)

    def _ask(self, statement: str, values: list[Any]) -> None:
        self.cursor.execute(statement.format(table=self.table), values)

    def _edge(self, direction: str) -> Place:
        order = ", ".join(f"{name} {direction}" for name in ("epoch", "tx", "seq"))
        self._ask(f"SELECT epoch, tx, seq FROM {{table}} ORDER BY {order} LIMIT 1", [])  # noqa: S608 - names of ours
        epoch, tx, seq = self.cursor.fetchone()
        return epoch, tx, seq

    def _leaves(self, first: Place, last: Place) -> Iterator[tuple[int, int]]:
        """Yield tree and index of each event, in order."""
        below: Place = (first[0], first[1], first[2] - 1)
        for tile in tiles_from(first, self.alias).iterator(chunk_size=80):
            self._ask(
                "SELECT uuid FROM {table} WHERE (epoch, tx, seq) > (%s, %s, %s) AND (epoch, tx, seq) <= (%s, %s, %s)",
                [*below, *place_of(tile)],
            )
            here, keys = {event.bytes for (event,) in self.cursor.fetchall()}, bytes(tile.keys)
            for offset in range(len(keys) // KEY_SIZE):
                if keys[offset * KEY_SIZE : (offset + 1) * KEY_SIZE] in here:
                    yield tile.tree, tile.index * WIDTH + offset
            below = place_of(tile)
            if below >= last:
                return

    def _inherited_parts(self, vouching: list[UUID]) -> list[ErasedPart]:
        """Return what dropped events vouched for and is still needed; forget the rest."""
        parts = list(ErasedPart.objects.using(self.alias).filter(event__in=vouching))
        touched = list({part.uuid for part in parts})
        needed = set(Event.objects.using(self.alias).filter(uuid__in=touched).values_list("uuid", flat=True))
        self._ask("SELECT uuid FROM {table} WHERE uuid = ANY(%s)", [touched])
        needed -= {event for (event,) in self.cursor.fetchall()}
        gone = [part.pk for part in parts if part.uuid not in needed]
        ErasedPart.objects.using(self.alias).filter(pk__in=gone).delete()
        return [part for part in parts if part.uuid in needed]


def _merged(leaves: Iterable[tuple[int, int]]) -> Iterator[Range]:
    """Yield tree, first and last index of leaves that stand together."""
    begun: Range | None = None
    for tree, index in leaves:
        if begun is not None and begun[0] == tree and begun[2] + 1 == index:
            begun = (tree, begun[1], index)
        else:
            if begun is not None:
                yield begun
            begun = (tree, index, index)
    if begun is not None:
        yield begun


def _months_in_default(connection: BaseDatabaseWrapper) -> list[datetime.datetime]:
    with connection.cursor() as cursor:
        rest = connection.ops.quote_name(f"{_TABLE}_default")
        cursor.execute(f"SELECT DISTINCT date_trunc('month', ts, 'UTC') FROM {rest}")  # noqa: S608 - a quoted name
        return [moment for (moment,) in cursor.fetchall()]
