"""One table a month on PostgreSQL: a search looks at few of them, and retention drops whole ones."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from .triggers import protect_from_truncate

MONTHS_AHEAD = 3


@dataclass(frozen=True, order=True)
class Month:
    year: int
    month: int

    @property
    def next(self) -> "Month":
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    @property
    def previous(self) -> "Month":
        return Month(self.year, self.month - 1) if self.month > 1 else Month(self.year - 1, 12)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def first_day(self) -> datetime.datetime:
        return datetime.datetime(self.year, self.month, 1, tzinfo=datetime.UTC)

    def table(self, parent: str) -> str:
        return f"{parent}_{self.year:04}_{self.month:02}"


def month_of(moment: datetime.datetime) -> Month:
    """Return the month of ``moment`` in UTC: partitions begin at midnight UTC."""
    moment = moment.astimezone(datetime.UTC)
    return Month(moment.year, moment.month)


def months_from(moment: datetime.datetime, ahead: int) -> Iterator[Month]:
    """Yield the month of ``moment`` and ``ahead`` more."""
    month = month_of(moment)
    for _ in range(ahead + 1):
        yield month
        month = month.next


def existing(connection: BaseDatabaseWrapper, parent: str) -> list[Month]:
    """Return the months that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid "
            "WHERE inhparent = %s::regclass",
            [connection.ops.quote_name(parent)],
        )
        names = [name for (name,) in cursor.fetchall()]
    found = (re.fullmatch(rf"{re.escape(parent)}_(\d{{4}})_(\d{{2}})", name) for name in names)
    return sorted(Month(int(match[1]), int(match[2])) for match in found if match)


def missing(connection: BaseDatabaseWrapper, parent: str, ahead: int = MONTHS_AHEAD) -> list[Month]:
    """Return the months from now to ``ahead`` months from now that have no partition yet."""
    have = set(existing(connection, parent))
    return [month for month in months_from(timezone.now(), ahead) if month not in have]


def create(connection: BaseDatabaseWrapper, parent: str, month: Month) -> int:
    """Make the partition of ``month``; return how many events moved into it from the default partition.

    The default partition takes what has no month of its own, so that no event is refused where nobody made the
    partitions in time. Making the partition then moves those rows, in one transaction.
    """
    name, whole = connection.ops.quote_name(month.table(parent)), connection.ops.quote_name(parent)
    rest = connection.ops.quote_name(f"{parent}_default")
    bounds = [month.first_day, month.next.first_day]
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {name} (LIKE {whole} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
        cursor.execute(f"LOCK TABLE {rest} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SET LOCAL bulwark_auditlog.maintenance = 'on'")
        cursor.execute(
            f"WITH moved AS (DELETE FROM {rest} WHERE ts >= %s AND ts < %s RETURNING *) "  # noqa: S608 - quoted names
            f"INSERT INTO {name} SELECT * FROM moved",
            bounds,
        )
        moved: int = cursor.rowcount
        cursor.execute("SET LOCAL bulwark_auditlog.maintenance = 'off'")
        # A literal: PostgreSQL takes no parameters in DDL. Both are dates that this module made.
        values = " TO ".join(f"('{bound:%Y-%m-%d %H:%M:%S}+00')" for bound in bounds)
        cursor.execute(f"ALTER TABLE {whole} ATTACH PARTITION {name} FOR VALUES FROM {values}")
        protect_from_truncate(cursor, name)
    return moved


def create_missing(connection: BaseDatabaseWrapper, parent: str, ahead: int = MONTHS_AHEAD) -> list[Month]:
    """Make the partitions that `missing` names, and return their months."""
    months = missing(connection, parent, ahead)
    for month in months:
        create(connection, parent, month)
    return months
