"""Named limits, and how a request is counted against them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from ..conf import conf
from ..context import django_request
from .contract import UNREACHED, Limit
from .keys import Key, check_key, digest, is_early, value_of
from .rates import Rate, parse_rate

ALL: tuple[str, ...] = ()
UNSAFE: tuple[str, ...] = ("DELETE", "PATCH", "POST", "PUT")

#: A rate, several, or a callable `(group, request)` that returns one or None for no limit.
Rates = str | tuple[int, int] | list[str] | Callable[[str, HttpRequest], str | None]
_UNITS = ((604_800, "w"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_OPTIONS = frozenset(
    {"key", "rate", "group", "method", "block", "outage", "skip_successful", "cost", "cool_down", "volume"}
)
#: Keys that name somebody without telling a secret: the name leaves in a signal.
_NAMING = frozenset({"ip", "tenant", "user", "user_or_ip"})


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One declared limit.

    :param group: the name of the count; views that name the same group share it.
    :param key: whose count a request goes to.
    :param rate: how much in how long.
    :param methods: the HTTP methods that are counted; empty: all.
    :param block: whether to refuse; otherwise only `request.limited` is set.
    :param closed: whether to refuse with 503 while the shared store is lost.
    :param skipped: the statuses of an answer that is not counted: what it spent is given back.
    :param cost: what a request spends.
    :param cool_down: seconds that repeated refusals close the limit for.
    :param volume: of how many requests, and of each multiple, within which time `volume_reached` tells.
    """

    group: str
    key: Key
    rate: Any
    methods: tuple[str, ...] = ALL
    block: bool = True
    closed: bool = False
    skipped: frozenset[int] = frozenset()
    cost: int = 1
    cool_down: tuple[int, ...] = ()
    volume: Rate | None = None

    @property
    def early(self) -> bool:
        """Whether it can be decided before the view runs."""
        return is_early(self.key)

    def counts(self, request: Any) -> bool:
        """Say whether the request's method is counted; HEAD, which costs what GET does, wherever GET is."""
        method = django_request(request).method
        return not self.methods or method in self.methods or (method == "HEAD" and "GET" in self.methods)

    def limits(self, request: Any) -> list[Limit]:
        """Return what the request is counted against."""
        rates = self._rates(request)
        if not rates:
            return []
        tag = digest(value_of(self.key, self.group, request))
        scope = f"{self.group}:{'+'.join(self.methods)}" if self.methods else self.group
        # The braces keep all counts of one identity on one node of a Redis Cluster.
        prefix = f"{conf.redis_prefix}:{{{tag}}}:{scope}"
        found = [
            Limit(
                self.group if len(rates) == 1 else f"{self.group}-{spelled(rate.window)}",
                f"{prefix}:{rate.limit}/{rate.window}",
                rate.limit,
                rate.window,
                self.cool_down,
            )
            for rate in rates
        ]
        if self.volume:
            window, key = self.volume.window, f"{prefix}-volume:{UNREACHED}/{self.volume.window}"
            found.append(Limit(f"{self.group}-volume", key, UNREACHED, window, told_every=self.volume.limit))
        return found

    def _rates(self, request: Any) -> tuple[Rate, ...]:
        if isinstance(self.rate, tuple):
            return self.rate
        found = self.rate(self.group, django_request(request))
        return () if found is None else (parse_rate(found),)


def spelled(seconds: int) -> str:
    """Return a window as `15m`."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def make_policy(
    group: str,
    *,
    key: Key,
    rate: Rates,
    method: str | Iterable[str] = ALL,
    block: bool = True,
    outage: str = "local",
    skip_successful: bool | Iterable[int] = False,
    cost: int = 1,
    cool_down: Iterable[int] = (),
    volume: str | None = None,
) -> Policy:
    """Return a checked policy.

    :raises ImproperlyConfigured: an option makes no sense.
    """
    check_key(key)
    if outage not in {"closed", "local"}:
        msg = f"outage is closed or local, not {outage!r}."
        raise ImproperlyConfigured(msg)
    steps = tuple(cool_down)
    if cost < 1 or any(step < 0 for step in steps):
        msg = f"A request costs 1 or more, and cools down for 0 seconds or more: not {cost!r}, {steps!r}."
        raise ImproperlyConfigured(msg)
    told = parse_rate(volume) if volume else None
    if told and (not told.limit or key not in _NAMING):
        msg = f"A volume is told of {', '.join(sorted(_NAMING))}, from 1 request on: not of {key!r}, {volume!r}."
        raise ImproperlyConfigured(msg)
    methods = (method,) if isinstance(method, str) else tuple(method)
    if isinstance(skip_successful, bool):
        skip_successful = range(200, 400) if skip_successful else ()
    return Policy(
        group=group,
        key=key,
        rate=_rate(rate),
        methods=tuple(sorted({name.upper() for name in methods})),
        block=block,
        closed=outage == "closed",
        skipped=frozenset(skip_successful),
        cost=cost,
        cool_down=steps,
        volume=told,
    )


def _rate(rate: Rates) -> Any:
    if isinstance(rate, str) and "." in rate:
        rate = import_string(rate)
    if callable(rate):
        return rate
    if isinstance(rate, list):
        return tuple(parse_rate(each) for each in rate)
    return (parse_rate(rate),)


_named: dict[str, tuple[Mapping[str, Any], Policy]] = {}


def named_policy(name: str) -> Policy:
    """Return the policy that `RATELIMITS` has under ``name``.

    :raises ImproperlyConfigured: there is none, or it makes no sense.
    """
    options = conf.ratelimits.get(name)
    if options is None:
        msg = f'BULWARK_EDGE["RATELIMITS"] has no policy {name!r}.'
        raise ImproperlyConfigured(msg)
    known = _named.get(name)
    if known is None or known[0] is not options:
        if unknown := set(options) - _OPTIONS:
            msg = f"The rate-limit policy {name!r} has unknown options: {', '.join(sorted(unknown))}."
            raise ImproperlyConfigured(msg)
        known = _named[name] = (options, make_policy(**{"group": name, **options}))
    return known[1]
