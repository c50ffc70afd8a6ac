"""The budget: what a guess is counted against, and what happens when nothing is left.

Note [guesses]. A guess is reserved before the secret is checked, against all limits or none in one step of the
limiter's store, and refunded when it was right: of any number of parallel guesses no more are checked than the budget
has. A device that the account has logged in from before brings a signed cookie and has a budget of its own, so what
strangers use up does not keep its owner out (OWASP's device cookies). When the last guess of a budget was wrong, its
lock closes, each time for longer; what is tried meanwhile is not counted and prolongs nothing. An account that does
not exist has the same budget and gets the same answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from edge.conf import conf as edge_conf
from edge.problems.errors import LimiterUnavailable, Problem, TooManyRequests
from edge.ratelimit import Decision, Limit, State, StoreUnavailable, limiter

from .. import signals
from ..conf import conf
from .challenges import Challenge, ChallengeRequired, challenge, challenge_path
from .counts import ALL, LOCK_CAPACITY, account_of, account_tag, ip_tag, limit_of
from .trust import device_of

#: What the caller may name: a login name, known or not, or a user.
Account = str | AbstractBaseUser


class Scope(StrEnum):
    """Whose guesses are used up."""

    ACCOUNT = "account"
    CHALLENGE = "challenge"
    DEVICE = "device"
    IP = "ip"


@dataclass(frozen=True)
class Exhausted:
    """No guess was reserved.

    :ivar scope: what refused; `CHALLENGE` where a solved challenge would open the door.
    :ivar retry_after: whole seconds until there is a guess again; never too early.
    """

    scope: Scope
    retry_after: int

    def problem(self) -> Problem:
        """Return the answer: 429, or 403 with the code `challenge_required`."""
        if self.scope is Scope.CHALLENGE:
            return ChallengeRequired(challenge=challenge_path())
        return TooManyRequests(max(1, self.retry_after), ["guesses"])


@dataclass(frozen=True)
class _Purse:
    """What guesses at one account are paid from: by the device that is trusted there, or by strangers.

    :ivar budget: wrong guesses in a window.
    :ivar lock: never full by itself; closed for a growing time when the budget is used up.
    :ivar others: the other limits that refuse.
    :ivar free: the limits after which a challenge has to be solved.
    """

    scope: Scope
    budget: Limit
    lock: Limit
    others: tuple[Limit, ...] = ()
    free: tuple[Limit, ...] = ()

    @property
    def hard(self) -> list[Limit]:
        """The limits that nothing opens but time."""
        return [self.budget, self.lock, *self.others]


@dataclass(frozen=True)
class Reservation:
    """A guess that may be checked now. It counts as wrong until `succeed` is called."""

    kind: str
    purse: _Purse
    decision: Decision
    #: A solved challenge that paid for it; it stays used.
    proof: Limit | None = None

    def succeed(self) -> None:
        """Give the guess back: the secret was right."""
        self.decision.refund([state for state in self.decision.states if state.limit != self.proof])

    def fail(self, *, user: Any = None, request: Any = None) -> None:
        """Keep the guess, and close the lock when it was the last one.

        :param user: the account, where there is one; `account_locked` is sent for it.
        """
        left = next((state.remaining for state in self.decision.states if state.limit == self.purse.budget), 1)
        # Others may have given theirs back meanwhile.
        if left or limiter().spend([self.purse.budget], cost=0).states[0].remaining:
            return
        # More than the lock holds is an offence: its cool-down starts, unless it runs already.
        closed = limiter().spend([self.purse.lock], cost=LOCK_CAPACITY + 1)
        if user is not None:
            signals.account_locked.send_robust(
                sender=type(user),
                request=request,
                user=None,
                target=user,
                outcome="success",
                data={"kind": self.kind, "scope": self.purse.scope, "seconds": closed.retry_after, "by": "guesses"},
            )


@dataclass
class Payment:
    """A solved challenge for a request that asks for two secrets, the second only where the first was right.

    It pays for both guesses, and so for one wrong one, as everywhere. By itself a solution would be used up by the
    first guess each time, and the second never be made.

    :ivar solution: what the client sent.
    :ivar is_made: whether a guess of this request was paid for with it.
    """

    solution: str
    is_made: bool = False


#: The reservation where no limits are applied at all.
_UNLIMITED = Limit("unlimited", "unlimited", LOCK_CAPACITY, 1)


def reserve(
    kind: str, *, account: Account, request: Any, solution: str | Payment = "", can_challenge: bool = True
) -> Reservation | Exhausted:
    """Reserve a guess at a secret of ``account``, before anything is looked up or hashed.

    :param kind: what is guessed, as `password` or `mfa`; each kind has its own counts.
    :param account: what was typed as the login name, whether or not it exists, or the user.
    :param request: where it comes from: address and device cookie; None outside of a request.
    :param solution: a solved challenge, as the client sent it.
    :param can_challenge: whether the door can show a challenge; one that cannot refuses where it would be due.
    :raises LimiterUnavailable: the counts cannot be reached, so nothing is checked (503).
    """
    if not edge_conf.ratelimit_enabled:
        return Reservation(kind, _Purse(Scope.ACCOUNT, _UNLIMITED, _UNLIMITED), Decision((), limiter().local))
    chosen = challenge()
    purse = _purse(kind, account_of(account), request, is_challenged=chosen.is_asked)
    payment = solution if isinstance(solution, Payment) else Payment(solution)
    try:
        return _reserve(kind, purse, chosen if can_challenge else None, payment)
    except StoreUnavailable:
        raise LimiterUnavailable(headers={"Retry-After": str(max(1, round(edge_conf.probe_interval)))}) from None


def _reserve(kind: str, purse: _Purse, chosen: Challenge | None, payment: Payment) -> Reservation | Exhausted:
    decision = limiter().spend([*purse.hard, *purse.free], closed=True)
    if decision.allowed:
        return Reservation(kind, purse, decision)
    closed = [state for state in decision.violated if chosen is None or state.limit not in purse.free]
    if closed:
        return _exhausted(purse, closed)
    proof = chosen.proof(payment.solution) if chosen and payment.solution else None
    if proof is None:
        return Exhausted(Scope.CHALLENGE, 0)
    decision = limiter().spend([*([] if payment.is_made else [proof]), *purse.hard], closed=True)
    if decision.allowed:
        payment.is_made = True
        return Reservation(kind, purse, decision, proof)
    closed = [state for state in decision.violated if state.limit != proof]
    return _exhausted(purse, closed) if closed else Exhausted(Scope.CHALLENGE, 0)


def _exhausted(purse: _Purse, closed: Sequence[State]) -> Exhausted:
    own = {purse.budget, purse.lock, *purse.free}
    scope = purse.scope if any(state.limit in own for state in closed) else Scope.IP
    return Exhausted(scope, Decision(closed, limiter().local).retry_after)


def _purse(kind: str, account: str, request: Any, *, is_challenged: bool) -> _Purse:
    tag, locks = account_tag(account), tuple(int(each.total_seconds()) for each in conf.guess_locks)
    if device := device_of(request, account):
        return _Purse(
            Scope.DEVICE,
            limit_of(tag, f"{kind}-device-{device}", conf.guesses_per_device),
            limit_of(tag, f"{kind}-device-{device}-lock", LOCK_CAPACITY, locks),
        )
    free = [
        limit_of(tag, f"{kind}-free", conf.guesses_before_challenge),
        limit_of(ALL, f"{kind}-all", conf.guesses_in_all),
    ]
    others = []
    if request is not None:
        others.append(limit_of(ip_tag(request), f"{kind}-ip", conf.guesses_per_ip))
        free.append(limit_of(ip_tag(request), f"{kind}-ip-free", conf.guesses_per_ip_before_challenge))
    return _Purse(
        Scope.ACCOUNT,
        limit_of(tag, f"{kind}-account", conf.guesses_per_account),
        limit_of(tag, f"{kind}-account-lock", LOCK_CAPACITY, locks),
        tuple(others),
        tuple(free) if is_challenged else (),
    )
