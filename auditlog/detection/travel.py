"""Two logins of one account that nobody could have travelled between."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import Any
from uuid import UUID

from ..conf import conf
from .findings import Batch, Finding, Match, Tunable, rows

#: Kilometres: two addresses of one town, or of one country's mobile network, are no journey.
_NEAR = 300
Place = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Travel(Tunable):
    """A login farther from the last one than `limit` kilometres an hour allow.

    Needs a file of places (`GEOIP_FILE`, MaxMind's format with locations); without one nothing is found.
    """

    match: Match
    by: str
    limit: int = 1000
    window: timedelta = timedelta(hours=24)

    def findings(self, batch: Batch) -> Iterator[Finding]:
        if not conf.geoip_file:
            return
        new = list(rows(batch.new.filter(self.match.q()), self.by))
        if not new:
            return
        fresh = {row.uuid for row in new}
        logins = batch.around(new, self.match, self.by, self.window)
        last: dict[str, tuple[datetime, Place, UUID]] = {}
        for row in rows(logins, self.by, "src_ip"):
            place = located(str(row.value or ""))
            if place is None:
                continue
            if row.uuid in fresh and row.key in last:
                before, start, uuid = last[row.key]
                gone = distance(start, place)
                if gone > _NEAR and gone > self.limit * (row.ts - before).total_seconds() / 3600:
                    yield Finding(row.key, 2, before, row.ts, [uuid, row.uuid], note=f"{gone:.0f} km")
            last[row.key] = row.ts, place, row.uuid


def distance(start: Place, end: Place) -> float:
    """Return the kilometres between two places on the globe, as the crow flies (haversine)."""
    (south, west), (north, east) = start, end
    span = sin(radians(north - south) / 2) ** 2
    span += cos(radians(south)) * cos(radians(north)) * sin(radians(east - west) / 2) ** 2
    return 2 * 6371 * asin(sqrt(span))


def located(address: str) -> Place | None:
    """Return latitude and longitude of an address, or None where the file does not know it."""
    found = _looked_up(address)
    place = found.get("location") if found else None
    return (float(place["latitude"]), float(place["longitude"])) if place and "latitude" in place else None


def country_of(address: str) -> str:
    """Return the two letters of an address's country, or an empty text."""
    found = _looked_up(address)
    return str(found.get("country", {}).get("iso_code", "")) if found else ""


def _looked_up(address: str) -> dict[str, Any] | None:
    if not address or not conf.geoip_file:
        return None
    try:
        found = _reader(conf.geoip_file).get(address)
    except ValueError:  # an IPv6 address, and a file without them
        return None
    return found if isinstance(found, dict) else None


@lru_cache(maxsize=2)
def _reader(path: str) -> Any:
    import maxminddb

    return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
