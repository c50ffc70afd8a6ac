"""What a reviewer may ask of the log: one form for the admin, with a query that an index answers for each field."""

import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from . import event_types
from .cleaning import text
from .facts import LIMITS, address
from .lookups import Within
from .models import Event, EventQuerySet, Outcome, Severity
from .scanning import Question

PERIODS: dict[str, timedelta | None] = {
    "30d": timedelta(days=30),
    "1h": timedelta(hours=1),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "365d": timedelta(days=365),
    "all": None,
}
_PERIOD_NAMES = {
    "30d": _("last 30 days"),
    "1h": _("last hour"),
    "24h": _("last 24 hours"),
    "7d": _("last 7 days"),
    "365d": _("last 365 days"),
    "all": _("all time"),
}
#: Columns that a word may be found in, each with an index of its own.
_WORD_COLUMNS = ("request_id", "actor_label", "actor_id", "target_id", "session", "tenant")


def _type_choices(chosen: str) -> list[Any]:
    names = event_types.names()
    if chosen and chosen not in names:
        names = [chosen, *names]
    groups = groupby(names, key=lambda name: name.partition(".")[0])
    return [("", _("any")), *((app, [(name, name) for name in members]) for app, members in groups)]


#: A moment near the ends of the calendar overflows when a database turns it to UTC.
_CALENDAR = [
    MinValueValidator(datetime(1970, 1, 1, tzinfo=UTC)),
    MaxValueValidator(datetime(9000, 1, 1, tzinfo=UTC)),
]


class _Moment(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class EventSearch(forms.Form):
    """Every field that is filled in narrows the result; nothing filled in means the last 30 days."""

    q = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=254,
        help_text=_("A request id, event id, actor, IP address or network, session, tenant, or target id: all of it."),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    type = forms.ChoiceField(label=_("Type"), required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False, choices=[("", _("any")), *Outcome.choices])
    severity = forms.TypedChoiceField(
        label=_("Severity"),
        required=False,
        coerce=int,
        choices=[("", _("any")), *((value, _("%s and above") % name) for value, name in Severity.choices)],
    )
    period = forms.ChoiceField(label=_("Period"), required=False, choices=list(_PERIOD_NAMES.items()))
    since = forms.DateTimeField(label=_("From"), required=False, widget=_Moment, validators=_CALENDAR)
    until = forms.DateTimeField(label=_("To"), required=False, widget=_Moment, validators=_CALENDAR)
    actor = forms.CharField(label=_("Actor"), required=False, max_length=254)
    ip = forms.CharField(label=_("IP or network"), required=False, max_length=50)
    tenant = forms.CharField(label=_("Tenant"), required=False, max_length=64)
    session = forms.CharField(label=_("Session"), required=False, max_length=64)
    route = forms.CharField(label=_("Route"), required=False, max_length=200)

    #: Shown at once; the others wait behind "More filters".
    FIRST = ("q", "type", "outcome", "severity", "period")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["type"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - told to the type checker
        field.choices = _type_choices(text(self.data.get("type", ""), LIMITS["type"]))

    @property
    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST]

    @property
    def more_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in self.FIRST]

    @property
    def is_narrowed(self) -> bool:
        """Whether one of the fields behind "More filters" is filled in."""
        return any(self.data.get(field.name) for field in self.more_fields)

    @property
    def asked(self) -> dict[str, str]:
        """The fields that are filled in, as they were."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    @property
    def query_string(self) -> str:
        return urlencode(self.asked)

    def clean_ip(self) -> IPv4Network | IPv6Network | None:
        value = self.cleaned_data["ip"]
        try:
            return network_of(value) if value else None
        except ValueError:
            message = _("Enter an IP address or a network, as 192.0.2.0/24.")
            raise forms.ValidationError(message, code="invalid") from None

    def events(self) -> EventQuerySet:
        """Return the events that the form asks for; none where it is not valid, as its errors then say."""
        return self.question().events

    def question(self) -> Question:
        """Return what the form asks, told apart by what an index answers; what is not valid is answered by nothing."""
        if not self.is_valid():
            return Question(is_impossible=True)
        asked = self.cleaned_data
        drivers: list[tuple[Q, ...]] = [
            (Q(**{name: asked[name]}),) for name in ("session", "type", "tenant") if asked[name]
        ]
        networks = [asked["ip"]] if asked["ip"] else []
        rest = [Q(**{name: asked[name]}) for name in ("outcome", "route") if asked[name]]
        if asked["actor"]:
            drivers.append((Q(actor_id=asked["actor"]), Q(actor_label=asked["actor"])))
        if asked["severity"] and asked["severity"] >= Severity.HIGH:
            drivers.append((Q(severity__gte=Severity.HIGH),))
        if asked["severity"] and asked["severity"] != Severity.HIGH:
            rest.append(Q(severity__gte=asked["severity"]))
        if asked["q"]:
            word = named(asked["q"])
            if not word:
                return Question(is_impossible=True)
            if isinstance(word, tuple):
                drivers.append(word)
            else:
                networks.append(word)
        drivers += [(Q(src_ip=str(network[0])),) for network in networks if network.num_addresses == 1]
        wide = tuple(Q(Within(network)) for network in networks if network.num_addresses > 1)
        return Question(self._in_time(), tuple(drivers), wide, tuple(rest))

    def _in_time(self) -> Q:
        since: datetime | None = self.cleaned_data["since"]
        until: datetime | None = self.cleaned_data["until"]
        if since or until:
            return (Q(ts__gte=since) if since else Q()) & (Q(ts__lte=until) if until else Q())
        length = PERIODS[self.cleaned_data["period"] or "30d"]
        return Q(ts__gte=timezone.now() - length) if length else Q()


def network_of(value: str) -> IPv4Network | IPv6Network:
    """Return the network that an address or CIDR notation names.

    :raises ValueError: it names none.
    """
    return ip_network(address(value) or value, strict=False)


def named(term: str) -> IPv4Network | IPv6Network | tuple[Q, ...]:
    """Return the network that ``term`` is, or the conditions of which an event that it names meets one; () for none.

    Each column is asked first whether it knows the term at all, which costs one look at its index. A search through
    one column can then follow that column's index in order of time; an OR over all of them would have to sort.
    """
    term = term.strip()
    try:
        return network_of(term)
    except ValueError:
        pass
    try:
        as_id = uuid.UUID(term)
    except ValueError:
        spellings = {term, term.lower()}
    else:
        spellings = {term, str(as_id), as_id.hex}
        if Event.objects.filter(uuid=as_id).exists():
            return (Q(uuid=as_id),)
    wanted = sorted(spellings)
    known = [column for column in _WORD_COLUMNS if Event.objects.filter(**{f"{column}__in": wanted}).exists()]
    return tuple(Q(**{column: spelling}) for column in known for spelling in wanted)
