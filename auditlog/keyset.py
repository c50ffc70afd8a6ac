"""Pages of a log that is too long to be counted: each begins where the one before ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q
from django.utils.dateparse import parse_datetime

from .models import Event

OLDER_THAN, NEWER_THAN = "older_than", "newer_than"
#: Counting stops here: what a reviewer needs to know beyond it is "many".
COUNTED = 1000


@dataclass(frozen=True)
class Cursor:
    """A place in the log, and the direction to read from it."""

    ts: datetime
    seq: int
    is_newer: bool = False

    @property
    def parameter(self) -> tuple[str, str]:
        """The name and value that stand for this place in a URL."""
        return NEWER_THAN if self.is_newer else OLDER_THAN, f"{self.ts.isoformat()}~{self.seq}"

    @property
    def clause(self) -> Q:
        """The events on the far side; the first condition is implied by the second, and lets an index be used."""
        if self.is_newer:
            return Q(ts__gte=self.ts) & (Q(ts__gt=self.ts) | Q(seq__gt=self.seq))
        return Q(ts__lte=self.ts) & (Q(ts__lt=self.ts) | Q(seq__lt=self.seq))


def cursor_from(parameters: Mapping[str, str]) -> Cursor | None:
    """Return the place that a URL's parameters name, or None: then the newest page is meant."""
    for name in (OLDER_THAN, NEWER_THAN):
        ts, _, seq = parameters.get(name, "").partition("~")
        try:
            moment = parse_datetime(ts)
            if moment is not None and moment.tzinfo is not None:
                moment = moment.astimezone(UTC)
                return Cursor(moment, int(seq[:19]), is_newer=name == NEWER_THAN)
        except (ValueError, OverflowError):
            continue
    return None


@dataclass(frozen=True)
class Page:
    events: list[Event]
    newer: Cursor | None
    older: Cursor | None
