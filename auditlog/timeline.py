"""What happened in a request, in a session, by an actor or to a target, one thing after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .keyset import Cursor, Page
from .models import Event
from .scanning import Question, look

SIZE = 100


class TimelineForm(forms.Form):
    """Names whose timeline it is: one of the four."""

    request = forms.CharField(label=_("Request"), required=False, max_length=64)
    session = forms.CharField(label=_("Session"), required=False, max_length=64)
    actor = forms.CharField(label=_("Actor"), required=False, max_length=254)
    target = forms.CharField(label=_("Target"), required=False, max_length=64)
    target_type = forms.CharField(label=_("Type of the target"), required=False, max_length=100)

    SUBJECTS = ("request", "session", "actor", "target")

    @property
    def subject(self) -> tuple[str, str]:
        """Which of the four is asked for, and its value; nothing where not exactly one is."""
        if not self.is_valid():
            return "", ""
        given = [(name, self.cleaned_data[name]) for name in self.SUBJECTS if self.cleaned_data[name]]
        return given[0] if len(given) == 1 else ("", "")

    def question(self) -> Question:
        """Return what is asked of the log."""
        name, value = self.subject
        if name == "request":
            return Question(drivers=((Q(request_id=value),),))
        if name == "session":
            return Question(drivers=((Q(session=value),),))
        if name == "actor":
            return Question(drivers=((Q(actor_id=value), Q(actor_label=value)),))
        if name == "target":
            kind = self.cleaned_data["target_type"]
            return Question(drivers=((Q(target_id=value, **({"target_type": kind} if kind else {})),),))
        return Question(is_impossible=True)


@dataclass(frozen=True)
class Entry:
    """An event, how long after the one before it it came, and whether it is the first of its day."""

    event: Event
    gap: str
    starts_day: bool


def read(parameters: Mapping[str, str], cursor: Cursor | None) -> tuple[TimelineForm, Page, list[Entry]]:
    """Return the form, the page, and its events from the oldest to the youngest; without a cursor the last ones."""
    form = TimelineForm(parameters)
    page = look(form.question(), cursor, SIZE).page
    entries: list[Entry] = []
    before: Event | None = None
    for event in reversed(page.events):
        gap = f"+{length(event.ts - before.ts)}" if before else ""
        day = timezone.localdate(event.ts)
        entries.append(Entry(event, gap, before is None or timezone.localdate(before.ts) != day))
        before = event
    return form, page, entries


def length(span: timedelta) -> str:
    """Return a span of time in the largest unit of which it has one, as "1.5 min"."""
    seconds = span.total_seconds()
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1000:.0f} ms"
