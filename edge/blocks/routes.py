"""Which routes nobody is served: a kill switch for each."""

import math
from functools import lru_cache
from itertools import accumulate

from .entries import DisabledRoute, route_names
from .known import Known, known


class Routes:
    """The disabled routes among what is known.

    :param source: what this process knows.
    """

    def __init__(self, source: Known) -> None:
        self._known = source

    def current(self) -> list[DisabledRoute]:
        """Return the routes that are disabled, as this process knows them."""
        now = self._known.clock()
        entries = self._known.entries.values()
        found = [entry for entry in entries if isinstance(entry, DisabledRoute) and entry.holds(now)]
        return sorted(found, key=lambda route: route.name)

    def find(self, name: str) -> DisabledRoute | None:
        """Return what disables the route ``name``, itself or a namespace around it, or None. Asks nobody."""
        entries = self._known.entries
        if not entries:
            return None
        now = self._known.clock()
        for outer in accumulate(name.split(":"), "{}:{}".format):
            entry = entries.get(f"route:{outer}")
            if isinstance(entry, DisabledRoute) and entry.holds(now):
                return entry
        return None

    def seconds_left(self, route: DisabledRoute) -> int:
        """Return the whole seconds until ``route`` is served again; 0: nobody knows."""
        return max(1, math.ceil(route.until - self._known.clock())) if route.until else 0

    def disable(self, name: str, *, seconds: float = 0, reason: str = "") -> DisabledRoute:
        """Disable a route, or all of a namespace, and return what was made.

        :param seconds: for how long; 0: until it is enabled.
        :raises ValueError: the URLconf has no such name.
        :raises StoreUnavailable: the shared store is lost.
        """
        route = DisabledRoute(switchable(name), self._known.clock() + seconds if seconds else 0, reason)
        self._known.add(route)
        return route

    def enable(self, name: str) -> bool:
        """Serve a route again, and say whether it was disabled.

        :raises StoreUnavailable: the shared store is lost.
        """
        return self._known.remove(DisabledRoute(name).key)


def switchable(name: str) -> str:
    """Return ``name``, where it names a route or a namespace.

    :raises ValueError: it does not.
    """
    if name not in route_names():
        msg = f"{name!r} names no route and no namespace of the URLconf."
        raise ValueError(msg)
    return name


def routes() -> Routes:
    """Return the switches of the limiter that the settings describe, one for the process."""
    return _routes(known())


@lru_cache(maxsize=8)
def _routes(source: Known) -> Routes:
    return Routes(source)
