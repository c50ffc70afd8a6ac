"""What the landing page says of a protection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from django.db import DatabaseError
from django.utils import timezone
from django.utils.timesince import timesince


class State(StrEnum):
    """How much a protection does on this server, now."""

    ON = "on"
    PARTLY = "partly"
    OFF = "off"

    @property
    def label(self) -> str:
        return self.capitalize()


class Finding(NamedTuple):
    """The state of a protection, and the fact that says so."""

    state: State
    value: str


@dataclass(frozen=True)
class Protection:
    """One protection.

    :param name: what it is called.
    :param against: what it stops, one sentence for people.
    :param look: looks at settings or stores; called when the state is first asked for, so that a page which does not
        show it costs no query.
    """

    name: str
    against: str
    look: Callable[[], Finding]

    @cached_property
    def finding(self) -> Finding:
        try:
            return self.look()
        except DatabaseError:
            return Finding(State.OFF, "The database does not answer.")

    @property
    def state(self) -> State:
        return self.finding.state

    @property
    def value(self) -> str:
        return self.finding.value


@dataclass(frozen=True)
class Group:
    """The protections of one app."""

    app: str
    verb: str
    question: str
    protections: Sequence[Protection]

    @property
    def icon(self) -> str:
        """The template of the group's picture."""
        return f"config/icons/{self.app}.svg"

    @property
    def state(self) -> State:
        """The weakest state of the group."""
        states = {protection.state for protection in self.protections}
        return next((state for state in (State.OFF, State.PARTLY) if state in states), State.ON)

    @property
    def summary(self) -> str:
        """How many of the group's protections are on."""
        on = sum(protection.state == State.ON for protection in self.protections)
        return f"{on} of {len(self.protections)} on"


def span(length: timedelta) -> str:
    """Return a length of time in words, as `3 days`."""
    if length < timedelta(minutes=1):
        return "less than a minute"
    now = timezone.now()
    return timesince(now - length, now, depth=1).replace("\xa0", " ")
