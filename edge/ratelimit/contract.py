"""What every store of counts promises."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: A window is counted in this many parts; a part leaves the count as a whole, and late.
PARTS = 60
#: Stores count in microseconds, whole ones: nothing is rounded in anyone's favour.
SECOND = 1_000_000
#: Seconds after which an offence is forgotten.
FORGET = 86_400
#: The limit of what is only counted.
UNREACHED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """One count against one limit.

    :param name: the policy's name, for headers and problems.
    :param key: whose count it is.
    :param limit: how much may be spent in any window.
    :param window: seconds.
    :param cool_down: seconds that the first, second, ... refusal closes the limit for; the last counts for all further
        ones. What is refused meanwhile is no further offence. A day without one forgets them.
    :param told_every: somebody is told whenever the count comes to a multiple of this; 0: never.
    """

    name: str
    key: str
    limit: int
    window: int
    cool_down: tuple[int, ...] = ()
    told_every: int = 0

    @property
    def width(self) -> int:
        """Microseconds of a part of the window, rounded up."""
        return -(-self.window * SECOND // PARTS)


@dataclass(frozen=True, slots=True)
class State:
    """Where one limit stands after a request.

    :param allowed: whether this limit let it pass.
    :param remaining: what is left to spend now.
    :param reset: seconds until enough for another request is free, or until the first spending leaves the count.
        Never too early.
    :param part: the part of the window that a spending was counted in.
    """

    limit: Limit
    allowed: bool
    remaining: int
    reset: float
    part: int

    def came_to(self, cost: int) -> int:
        """Return the multiple of `told_every` that spending ``cost`` brought the count to, or 0."""
        every, spent = self.limit.told_every, self.limit.limit - self.remaining
        reached = spent // every * every if every and self.allowed else 0
        return reached if reached > spent - cost else 0


class Spent(list[State]):
    """Where each limit stands after a spending, in the order that was asked for.

    :ivar counter: the counter that came along, of those stores that bring one.
    """

    counter: int | None = None


class StoreUnavailable(Exception):  # noqa: N818 - past participles name errors here
    """The counts cannot be reached."""


class Store(Protocol):
    """Counts what is spent in sliding windows.

    In no window of a limit's length, wherever it begins, is more spent than the limit, however many processes spend.
    The price: what was spent leaves the count up to a sixtieth of the window late.
    """

    def spend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        """Spend ``cost`` from every limit, or from none when one of them does not have it.

        :raises StoreUnavailable: the counts cannot be reached; nothing is known to be spent.
        """
        ...

    async def aspend(self, limits: Sequence[Limit], cost: int = 1) -> Spent:
        """Do what `spend` does, without blocking the event loop."""
        ...

    def refund(self, states: Sequence[State], cost: int = 1) -> None:
        """Give back what `spend` took.

        :raises StoreUnavailable: the counts cannot be reached.
        """
        ...

    async def arefund(self, states: Sequence[State], cost: int = 1) -> None:
        """Do what `refund` does, without blocking the event loop."""
        ...

    def reset(self, keys: Sequence[str]) -> None:
        """Forget what was spent under ``keys``.

        :raises StoreUnavailable: the counts cannot be reached.
        """
        ...

    def keys_of(self, identity: str) -> list[str]:
        """Return the keys that have ``identity`` between their braces. It walks all keys: for people, not for requests.

        :raises StoreUnavailable: the counts cannot be reached.
        """
        ...
