"""django-ratelimit's other words: a limit that is asked in the middle of a view."""

import math
from collections.abc import Callable, Iterable
from typing import Any, TypedDict

from django.core.exceptions import ImproperlyConfigured

from .decorator import name_of
from .keys import Key
from .limiter import limiter
from .policies import ALL, Rates, make_policy
from .spending import is_counted


class Usage(TypedDict):
    """What is counted.

    `count` of `limit` is spent, `should_limit` says whether to refuse, and `time_left` is the whole seconds until more
    is free.
    """

    count: int
    limit: int
    should_limit: bool
    time_left: int


def get_usage(
    request: Any,
    *,
    group: str | None = None,
    fn: Callable[..., Any] | None = None,
    key: Key | None = None,
    rate: Rates | None = None,
    method: str | Iterable[str] = ALL,
    increment: bool = False,
) -> Usage | None:
    """Return where a limit stands, of several rates the tightest; None where the request is not counted.

    It is counted again at each call with ``increment``. Without it nothing is counted, and `should_limit` says whether
    one more would be refused: django-ratelimit lets one more pass. While the shared store is lost, this process counts.

    :param group: the name of the count, or ``fn``, the view whose count it is.
    :param key: whose count, as for `ratelimit`.
    :param rate: how much, as for `ratelimit`; None: no limit.
    :raises ImproperlyConfigured: an option makes no sense.
    """
    if key is None or (group is None and fn is None):
        msg = "A limit has a key, and a group or a view."
        raise ImproperlyConfigured(msg)
    if rate is None:
        return None
    policy = make_policy(group or name_of(fn), key=key, rate=rate, method=method)
    limits = policy.limits(request) if is_counted(request) and policy.counts(request) else []
    if not limits:
        return None
    state = min(limiter().spend(limits, cost=int(increment)).states, key=lambda each: (each.allowed, each.remaining))
    return Usage(
        count=state.limit.limit - state.remaining,
        limit=state.limit.limit,
        should_limit=not state.allowed or (not increment and state.remaining == 0),
        time_left=math.ceil(state.reset),
    )


def is_ratelimited(
    request: Any,
    *,
    group: str | None = None,
    fn: Callable[..., Any] | None = None,
    key: Key | None = None,
    rate: Rates | None = None,
    method: str | Iterable[str] = ALL,
    increment: bool = False,
) -> bool:
    """Say whether a limit is reached: `should_limit` of `get_usage`."""
    usage = get_usage(request, group=group, fn=fn, key=key, rate=rate, method=method, increment=increment)
    return usage is not None and usage["should_limit"]
