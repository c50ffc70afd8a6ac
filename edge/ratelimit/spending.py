"""Counts one request against the policies that apply to it, and remembers what it has spent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from .. import signals
from ..client_ip import client_ip, is_within, networks, parse_address
from ..conf import conf
from ..context import django_request
from ..problems.errors import LimiterUnavailable, Problem, TooManyRequests
from ..problems.report import actor
from .contract import Limit, State, StoreUnavailable
from .limiter import Decision, limiter
from .policies import Policy

#: What a decorator leaves on a view: the policy is looked up when a request comes, as settings may change.
Declared = Callable[[], Policy]


class Ratelimited(PermissionDenied):
    """A limit was reached, or cannot be checked; `problem` is the answer.

    It is django-ratelimit's exception by name and base: code that catches `PermissionDenied` goes on working.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem.detail))
        self.problem = problem


@dataclass(slots=True)
class Spending:
    """What one request has been counted against."""

    done: set[int] = field(default_factory=set)
    decisions: list[tuple[Decision, list[Policy]]] = field(default_factory=list)
    #: Set by the middleware, which then settles refunds and headers.
    is_managed: bool = False

    @property
    def states(self) -> list[State]:
        """Where every limit stands that the request was counted against."""
        return [state for decision, _ in self.decisions for state in decision.states]


def spending(request: Any) -> Spending:
    """Return what ``request`` has been counted against so far."""
    store = vars(django_request(request))
    found: Spending | None = store.get("_edge_spending")
    if found is None:
        found = store["_edge_spending"] = Spending()
    return found


def enforce(request: Any, declared: Iterable[Declared]) -> None:
    """Count the request against the policies that it was not counted against yet: all or none of them, in one trip.

    Sets `request.limited` when a policy that does not block is exceeded.

    :raises Ratelimited: a limit was reached, or its store is lost and its policy is closed then.
    """
    if not conf.ratelimit_enabled or _is_exempt(request):
        return
    spent = spending(request)
    fresh = [each for each in declared if id(each) not in spent.done]
    spent.done.update(id(each) for each in fresh)
    policies = [policy for policy in (each() for each in fresh) if policy.counts(request)]
    blocking = [policy for policy in policies if policy.block]
    watching = [policy for policy in policies if not policy.block]
    vars(django_request(request)).setdefault("limited", False)
    if blocking:
        _spend(request, spent, blocking)
    for policy in watching:
        if not _decided(request, spent, [policy]).allowed:
            vars(django_request(request))["limited"] = True


def _is_exempt(request: Any) -> bool:
    exempt = conf.exempt_networks
    address = parse_address(client_ip(request)) if exempt else None
    return address is not None and is_within(address, networks(tuple(exempt)))


def _spend(request: Any, spent: Spending, policies: Sequence[Policy]) -> None:
    # One trip where all cost the same, which is nearly always.
    for cost in sorted({policy.cost for policy in policies}):
        group = [policy for policy in policies if policy.cost == cost]
        try:
            decision = _decided(request, spent, group)
        except StoreUnavailable:
            raise Ratelimited(_unavailable()) from None
        if not decision.allowed:
            vars(django_request(request))["limited"] = True
            settle(request, None)
            raise Ratelimited(_throttled(request, decision))


def _decided(request: Any, spent: Spending, policies: Sequence[Policy]) -> Decision:
    limits: list[Limit] = []
    owners: list[Policy] = []
    for policy in policies:
        own = policy.limits(request)
        limits += own
        owners += [policy] * len(own)
    closed = any(policy.closed for policy in policies)
    decision = (
        limiter().spend(limits, cost=policies[0].cost, closed=closed) if limits else Decision((), limiter().local)
    )
    spent.decisions.append((decision, owners))
    return decision


def settle(request: Any, response: HttpResponseBase | None) -> None:
    """Give back what the answer's status entitles to; with None, what was spent before a later limit refused."""
    for decision, owners in spending(request).decisions:
        if not decision.allowed or not decision.states:
            continue
        pairs = zip(decision.states, owners, strict=True)
        back = [state for state, policy in pairs if response is None or response.status_code in policy.skipped]
        if back:
            decision.refund(back)


def _throttled(request: Any, decision: Decision) -> TooManyRequests:
    names = [state.limit.name for state in decision.violated]
    wait = max(1, decision.retry_after)
    inner = django_request(request)
    signals.request_throttled.send_robust(
        sender=Policy,
        request=inner,
        user=actor(inner),
        target=None,
        outcome="refused",
        data={"policies": names, "retry_after": wait, "path": inner.path, "method": inner.method},
    )
    return TooManyRequests(wait, names)


def _unavailable() -> LimiterUnavailable:
    return LimiterUnavailable(headers={"Retry-After": str(max(1, round(conf.probe_interval)))})
