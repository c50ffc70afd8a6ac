from .event import Event, EventChangeRefused, EventManager, EventQuerySet, Outcome, Severity
from .following import Follower
from .rollup import Facet, HourlyCount

__all__ = [
    "Event",
    "EventChangeRefused",
    "EventManager",
    "EventQuerySet",
    "Facet",
    "Follower",
    "HourlyCount",
    "Outcome",
    "Severity",
]
