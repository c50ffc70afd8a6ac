"""Invents events that look like those of a busy API: a few users, many addresses, rare alarms."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from django.db import connections
from django.utils import timezone

from .event_types import EventType
from .models import Event, Outcome, Severity

BATCH = 5000
_USERS = 200
_ROUTES = {
    "accounts": ["api/v1/auth/login", "api/v1/auth/refresh", "api/v1/auth/logout", "api/v1/auth/me"],
    "articles": ["api/v1/articles/", "api/v1/articles/<uuid:pk>/", "api/v1/articles/<uuid:pk>/publish"],
}
_AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "python-httpx/0.28",
    "curl/8.11.0",
]
_REFUSALS = ("failed", "denied", "refused", "throttled", "rejected", "detected", "forged", "error", "unavailable")
#: What a table of a partition is not told: the database fills it.
_SKIPPED = frozenset({"seq"})
_FIELDS = [field for field in Event._meta.concrete_fields if field.name not in _SKIPPED]  # noqa: SLF001


def events(count: int, *, days: int, seed: int) -> Iterator[Event]:
    """Yield ``count`` invented events, oldest first, spread over the last ``days`` days."""
    world = _World(seed)
    began = timezone.now().astimezone(UTC) - timedelta(days=days)
    step = timedelta(days=days) / max(count, 1)
    for number in range(count):
        yield world.event(began + step * number)


def store(made: Iterator[Event], alias: str) -> Iterator[int]:
    """Store events in batches, and yield how many are stored so far."""
    done = 0
    while batch := list(islice(made, BATCH)):
        (_copy if connections[alias].vendor == "postgresql" else _insert)(batch, alias)
        done += len(batch)
        yield done


def _insert(batch: list[Event], alias: str) -> None:
    Event.objects.using(alias).insert(batch)


def _copy(batch: list[Event], alias: str) -> None:
    """COPY, which PostgreSQL takes several times faster than INSERT."""
    connection = connections[alias]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in _FIELDS)
    statement = f"COPY {connection.ops.quote_name(Event._meta.db_table)} ({columns}) FROM STDIN"  # noqa: SLF001
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for event in batch:
            copy.write_row([field.get_db_prep_save(getattr(event, field.attname), connection) for field in _FIELDS])


class _World:
    """The people and machines of an invented month; the same seed gives the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - nothing here is a secret
        self.users = [(str(self._uuid()), f"user{number}@example.com") for number in range(_USERS)]
        self.tenants = [str(self._uuid()) for _ in range(5)]
        self.sessions = [str(self._uuid()) for _ in range(_USERS * 3)]
        self.members = list(EventType)
        # Small severities are what happens all day.
        self.weights = [10 ** (4 - min(member.kind.severity, 4)) for member in self.members]

    def event(self, ts: datetime) -> Event:
        member = self.random.choices(self.members, self.weights)[0]
        is_refusal = member.label.endswith(_REFUSALS)
        number = min(int(self.random.expovariate(1 / 40)), _USERS - 1)
        return Event(
            ts=ts,
            uuid=uuid.UUID(int=self._uuid(ts).int),
            type=member.label,
            outcome=Outcome.REFUSED if is_refusal else Outcome.SUCCESS,
            severity=max(member.kind.severity, Severity.LOW) if is_refusal else member.kind.severity,
            **self._actor(number, is_refusal=is_refusal),
            **self._request(member, number, is_refusal=is_refusal),
            **self._target(member),
            data=dict.fromkeys(sorted(member.kind.fields)[:2], "invented"),
        )

    def _actor(self, number: int, *, is_refusal: bool) -> dict[str, Any]:
        if is_refusal and self.random.random() < 0.5:
            return {"actor_type": "anonymous"}
        actor_id, label = self.users[number]
        return {
            "actor_type": "user",
            "actor_id": actor_id,
            "actor_label": label,
            "tenant": self.tenants[number % len(self.tenants)],
            "session": self.sessions[number * 3 + self.random.randrange(3)],
        }

    def _request(self, member: EventType, number: int, *, is_refusal: bool) -> dict[str, Any]:
        routes = _ROUTES.get(member.label.partition(".")[0], _ROUTES["articles"])
        return {
            "src_ip": f"203.0.113.{number % 250}"
            if is_refusal
            else f"198.51.{number % 100}.{self.random.randrange(250)}",
            "user_agent": _AGENTS[number % len(_AGENTS)],
            "request_id": self._uuid().hex,
            "route": self.random.choice(routes),
            "method": self.random.choice(("GET", "POST", "PATCH")),
            "status": self.random.choice((401, 403, 422, 429)) if is_refusal else None,
        }

    def _target(self, member: EventType) -> dict[str, Any]:
        if not member.label.startswith("articles.article_"):
            return {}
        number = self.random.randrange(5000)
        return {
            "target_type": "bulwark_articles.article",
            "target_id": str(uuid.UUID(int=number)),
            "target_label": f"Article {number}",
            "changes": {"title": {"before": f"Draft {number}", "after": f"Article {number}"}},
        }

    def _uuid(self, ts: datetime | None = None) -> uuid.UUID:
        bits = self.random.getrandbits(128)
        if ts is None:
            return uuid.UUID(int=bits, version=4)
        return uuid.UUID(int=int(ts.timestamp() * 1000) << 80 | bits & (1 << 80) - 1)
