"""Counts one request against the policies that apply to it, and remembers what it has spent."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import PermissionDenied, SynchronousOnlyOperation
from django.http.response import HttpResponseBase

from .. import signals
from ..client_ip import client_ip, is_within, networks, parse_address
from ..conf import conf
from ..context import django_request
from ..problems.errors import LimiterUnavailable, Problem, TooManyRequests
from ..problems.report import actor, tell
from .contract import Limit, State, StoreUnavailable
from .keys import value_of
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

    done: set[Policy] = field(default_factory=set)
    decisions: list[tuple[Decision, list[Policy]]] = field(default_factory=list)
    #: Set by the middleware, which then settles refunds and headers.
    is_managed: bool = False
    #: The volumes that this request has brought somebody to, which nobody was told of yet.
    volumes: list[tuple[Policy, State, int]] = field(default_factory=list)

    @property
    def states(self) -> list[State]:
        """Where every limit stands that the request was counted against; what refuses nothing is none."""
        return [state for decision, _ in self.decisions for state in decision.states if not state.limit.told_every]

    def has_counted(self, limit: Limit, policy: Policy) -> bool:
        """Say whether another policy has spent as much from this count, no less strict about a lost store."""
        return any(
            state.limit.key == limit.key and owner.cost == policy.cost and owner.closed >= policy.closed
            for decision, owners in self.decisions
            if decision.allowed
            for state, owner in zip(decision.states, owners, strict=True)
        )

    @property
    def counter(self) -> int | None:
        """The counter that came along, or None when no shared store was asked."""
        return self.decisions[-1][0].counter if self.decisions else None


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
    steps = _steps(request, declared)
    try:
        question = next(steps)
        while True:
            try:
                decision = limiter().spend(question.limits, cost=question.cost, closed=question.closed)
            except StoreUnavailable as error:
                question = steps.throw(error)
            else:
                question = steps.send(decision)
    except StopIteration:
        _tell_volumes(request)
    except Ratelimited as refusal:
        settle(request, None)
        _tell(request, refusal.problem)
        raise


async def aenforce(request: Any, declared: Iterable[Declared]) -> None:
    """Do what `enforce` does, without blocking the event loop.

    Where a key cannot be told without the database, as a session's user, it asks in a thread.
    """
    chosen = list(declared)
    steps = _steps(request, chosen)
    try:
        question = next(steps)
        while True:
            try:
                decision = await limiter().aspend(question.limits, cost=question.cost, closed=question.closed)
            except StoreUnavailable as error:
                question = steps.throw(error)
            else:
                question = steps.send(decision)
    except StopIteration:
        if spending(request).volumes:
            await sync_to_async(_tell_volumes)(request)
    except SynchronousOnlyOperation:
        await sync_to_async(enforce)(request, chosen)
    except Ratelimited as refusal:
        await asettle(request, None)
        await sync_to_async(_tell)(request, refusal.problem)
        raise


@dataclass(frozen=True, slots=True)
class _Question:
    """What the limiter is asked."""

    limits: list[Limit]
    cost: int
    closed: bool


def _steps(request: Any, declared: Iterable[Declared]) -> Generator[_Question, Decision, None]:
    """Ask the limiter one question after another; whoever drives this sends the answers, or throws what went wrong.

    Nothing is remembered before every limit is known: whose count it is may need a query, which async code cannot make.
    """
    state = vars(django_request(request))
    state.setdefault("limited", False)
    if not is_counted(request):
        return
    spent = spending(request)
    fresh = dict.fromkeys(policy for policy in (each() for each in declared) if policy not in spent.done)
    policies = [policy for policy in fresh if policy.counts(request)]
    asked = [(policy, policy.limits(request)) for policy in policies]
    spent.done.update(policies)
    # One trip where all cost the same, which is nearly always.
    for cost in sorted({policy.cost for policy in policies if policy.block}):
        decision = yield from _decided(spent, [pair for pair in asked if pair[0].block and pair[0].cost == cost])
        if not decision.allowed:
            state["limited"] = True
            names = [found.limit.name for found in decision.violated]
            raise Ratelimited(TooManyRequests(max(1, decision.retry_after), names))
    for policy, limits in asked:
        if not policy.block and not (yield from _decided(spent, [(policy, limits)])).allowed:
            state["limited"] = True


def _decided(spent: Spending, asked: Sequence[tuple[Policy, list[Limit]]]) -> Generator[_Question, Decision, Decision]:
    fresh = [(policy, limit) for policy, own in asked for limit in own if not spent.has_counted(limit, policy)]
    limits, owners = [limit for _, limit in fresh], [policy for policy, _ in fresh]
    if not limits:
        return Decision((), limiter().local)
    try:
        decision = yield _Question(limits, asked[0][0].cost, any(policy.closed for policy, _ in asked))
    except StoreUnavailable:
        raise Ratelimited(_unavailable()) from None
    spent.decisions.append((decision, owners))
    if decision.allowed:
        pairs = zip(owners, decision.states, strict=True)
        spent.volumes += [(policy, state, to) for policy, state in pairs if (to := state.came_to(decision.cost))]
    return decision


def is_counted(request: Any) -> bool:
    """Say whether limits apply: they are switched on, and the client is in none of `EXEMPT_NETWORKS`."""
    if not conf.ratelimit_enabled:
        return False
    exempt = conf.exempt_networks
    address = parse_address(client_ip(request)) if exempt else None
    return address is None or not is_within(address, networks(tuple(exempt)))


def settle(request: Any, response: HttpResponseBase | None) -> None:
    """Give back what the answer's status entitles to; with None, what was spent before a later limit refused."""
    for decision, states in _refundable(request, response):
        decision.refund(states)


async def asettle(request: Any, response: HttpResponseBase | None) -> None:
    """Do what `settle` does, without blocking the event loop."""
    for decision, states in _refundable(request, response):
        await decision.arefund(states)


def refund(request: Any) -> None:
    """Give back what a success gives back, though the answer's status is no success: a first step that went well."""
    for decision, owners in spending(request).decisions:
        back = [state for state, policy in zip(decision.states, owners, strict=True) if policy.skipped]
        if back and decision.allowed:
            decision.refund(_once(back))


def _refundable(request: Any, response: HttpResponseBase | None) -> Iterator[tuple[Decision, list[State]]]:
    for decision, owners in spending(request).decisions:
        if not decision.allowed or not decision.states:
            continue
        pairs = zip(decision.states, owners, strict=True)
        back = [state for state, policy in pairs if response is None or response.status_code in policy.skipped]
        if back:
            yield decision, _once(back)


def _once(states: Iterable[State]) -> list[State]:
    """Return the states without those of a count that was named twice: it was charged once."""
    return list({state.limit.key: state for state in states}.values())


def _tell(request: Any, problem: Problem) -> None:
    if not isinstance(problem, TooManyRequests):
        return  # the loss of the store was told once
    policies = problem.extra["violated-policies"]
    tell(signals.request_throttled, Policy, request, policies=policies, retry_after=problem.wait)


def _tell_volumes(request: Any) -> None:
    spent, inner = spending(request), django_request(request)
    while spent.volumes:
        policy, state, count = spent.volumes.pop()
        who = value_of(policy.key, policy.group, request).partition(":")[2]
        signals.volume_reached.send_robust(
            sender=Policy,
            request=inner,
            user=actor(inner),
            target=None,
            outcome="success",
            data={"policy": policy.group, "who": who, "count": count, "seconds": state.limit.window},
        )


def _unavailable() -> LimiterUnavailable:
    return LimiterUnavailable(headers={"Retry-After": str(max(1, round(conf.probe_interval)))})
