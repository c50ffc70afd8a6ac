from .alert import Alert, AlertState, AlertStep, Delivery, RuleSetting, Silence
from .event import Event, EventChangeRefused, EventManager, EventQuerySet, Outcome, Severity
from .following import Follower
from .incident import Incident, IncidentEntry, IncidentNotice, IncidentState
from .response import Response
from .rollup import Facet, HourlyCount
from .saved_search import SavedSearch
from .sealing import DroppedRange, ErasedPart, Publication, Tile, Tree

__all__ = [
    "Alert",
    "AlertState",
    "AlertStep",
    "Delivery",
    "DroppedRange",
    "ErasedPart",
    "Event",
    "EventChangeRefused",
    "EventManager",
    "EventQuerySet",
    "Facet",
    "Follower",
    "HourlyCount",
    "Incident",
    "IncidentEntry",
    "IncidentNotice",
    "IncidentState",
    "Outcome",
    "Publication",
    "Response",
    "RuleSetting",
    "SavedSearch",
    "Severity",
    "Silence",
    "Tile",
    "Tree",
]
