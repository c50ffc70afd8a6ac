"""Invents what the log holds: attackers, and a thousand people on an ordinary day."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Max

from auditlog.alerts import delivering
from auditlog.detection.engine import look
from auditlog.models import Alert, Event, Outcome, Severity

NOON = datetime(2030, 5, 6, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BROWSERS = tuple(
    f"Mozilla/5.0 (X11; Linux x86_64; rv:{number}.0) Gecko/20100101 Firefox/{number}.0" for number in range(120, 140)
)


def event(kind: str, ts: datetime, **columns: Any) -> Event:
    """Return an event that is not stored yet; a refusal unless it says otherwise."""
    known = {"outcome": Outcome.REFUSED, "severity": Severity.LOW, "actor_type": "anonymous", "src_ip": "198.51.100.7"}
    return Event(type=kind, ts=ts, **{**known, **columns})


def failure(ts: datetime, who: str, **columns: Any) -> Event:
    """Return a login that failed."""
    data = {"identifier": who, "reason": "wrong_password"}
    return event("accounts.login_failed", ts, status=401, actor_id=who, data=data, **columns)


def login(ts: datetime, who: str, **columns: Any) -> Event:
    """Return a login that succeeded."""
    return event("accounts.login_succeeded", ts, outcome=Outcome.SUCCESS, actor_id=who, actor_type="user", **columns)


def series(made: Any, count: int, *, began: datetime = NOON, every: timedelta = SECOND) -> list[Event]:
    """Return what ``made(moment, number)`` makes, ``count`` times."""
    return [made(began + every * number, number) for number in range(count)]


def store(events: list[Event]) -> None:
    for start in range(0, len(events), 200):
        Event.objects.insert(events[start : start + 200])


def found(events: list[Event]) -> list[Alert]:
    """Store events, look at them a thousand at a time, and return the alerts there are."""
    seen = Event.objects.aggregate(last=Max("seq"))["last"] or 0
    store(events)
    numbers = list(Event.objects.filter(seq__gt=seen).order_by("seq").values_list("seq", flat=True))
    for start in range(0, len(numbers), 1000):
        part = numbers[start : start + 1000]
        look(Event.objects.filter(seq__range=(part[0], part[-1])), "default")
    return list(Alert.objects.order_by("rule", "key"))


def names(alerts: list[Alert]) -> set[str]:
    return {alert.rule for alert in alerts}


def delivered(now: datetime | None = None) -> int:
    return delivering.deliver_due("default", now=now)


def ordinary_day(people: int = 1000, seed: int = 7) -> list[Event]:
    """Return a day of ``people``: they log in, mistype, refresh, look for what is gone, send what is invalid."""
    chance = random.Random(seed)
    events: list[Event] = []
    for number in range(people):
        events += _day_of(f"user{number}", number, chance)
    events += _machines(chance)
    return sorted(events, key=lambda made: made.ts)


def _day_of(who: str, number: int, chance: random.Random) -> Iterator[Event]:
    # Forty people share an office's address, the others are at home.
    address = f"203.0.113.{number // 5 % 5}" if number % 5 == 0 else f"10.{number // 250}.{number % 250}.9"
    facts = {"src_ip": address, "user_agent": chance.choice(BROWSERS), "tenant": f"tenant{number % 20}"}
    facts["country"] = "AT" if number % 10 == 9 else "DE"
    begins = NOON - 4 * HOUR + chance.random() * 8 * HOUR
    yield login(begins - DAY, who, **facts)
    for _ in range(chance.choices((0, 1, 2, 3), (70, 20, 7, 3))[0]):
        yield failure(begins - chance.random() * 2 * MINUTE, who, **facts)
    yield login(begins, who, **facts)
    user = {"actor_id": who, "actor_type": "user", **facts}
    for _ in range(chance.randrange(6)):
        yield event("accounts.token_rotated", begins + chance.random() * HOUR, outcome=Outcome.SUCCESS, **user)
    for kind, status, most in (("authz.access_denied", 404, 3), ("edge.validation_failed", 422, 4)):
        for _ in range(chance.randrange(most)):
            data = {"object": str(chance.randrange(10_000))}
            yield event(kind, begins + chance.random() * HOUR, status=status, data=data, **user)
    yield from _slips(who, begins, chance, **user)
    yield from _journey(who, number, begins, chance, **facts)
    if chance.random() < 0.02:
        yield event("accounts.password_reset_requested", begins - MINUTE, outcome=Outcome.SUCCESS, **facts)
    if chance.random() < 0.03:
        yield event("articles.articles_exported", begins + HOUR, outcome=Outcome.SUCCESS, **user)
    if chance.random() < 0.1:
        yield from _much_read(begins, chance, data={"who": who}, **user)
    if chance.random() < 0.05:
        for burst in range(8):
            yield event("edge.request_throttled", begins + HOUR + burst * SECOND, status=429, **user)


def _slips(who: str, begins: datetime, chance: random.Random, **user: Any) -> Iterator[Event]:
    """A code mistyped, tabs left open when their owner logged out elsewhere, a second device, a role from an admin."""
    for _ in range(chance.choices((0, 1, 2), (85, 12, 3))[0]):
        yield event("accounts.mfa_failed", begins + chance.random() * MINUTE, status=401, **user)
    if chance.random() < 0.05:
        for tab in range(2):
            moment = begins + 6 * HOUR + tab * SECOND
            yield event("accounts.token_used_after_revocation", moment, status=401, session=f"session of {who}", **user)
    if chance.random() < 0.1:
        yield login(begins + 2 * HOUR, who, src_ip=user["src_ip"], user_agent="Phone/1.0", tenant=user["tenant"])
    if chance.random() < 0.01:
        granted = {"outcome": Outcome.SUCCESS, "data": {"self_granted": False}}
        yield event("authz.role_granted", begins + HOUR, **{**user, "actor_id": "admin"}, **granted)


def _journey(who: str, number: int, begins: datetime, chance: random.Random, **facts: Any) -> Iterator[Event]:
    """In the evening a few are abroad, with the device that they have at home, and some with another."""
    if chance.random() < 0.03:
        device = "Phone/1.0" if chance.random() < 0.3 else facts["user_agent"]
        abroad = {**facts, "country": "FR", "src_ip": f"10.7.{number % 250}.9", "user_agent": device}
        yield login(begins + 6 * HOUR, who, **abroad)
        yield event("accounts.token_rotated", begins + 7 * HOUR, outcome=Outcome.SUCCESS, actor_id=who, **abroad)


def _much_read(begins: datetime, chance: random.Random, *, data: dict[str, Any], **user: Any) -> Iterator[Event]:
    """Somebody who reads a lot comes to one volume again and again, and to the next."""
    for count in (400, 400, 800, 400):
        moment = begins + chance.random() * 5 * HOUR
        yield event("edge.volume_reached", moment, outcome=Outcome.SUCCESS, data={**data, "count": count}, **user)


def _machines(chance: random.Random) -> Iterator[Event]:
    """Browsers that ask for what is not there, an extension that meddles with pages, a monitor that logs in."""
    for number in range(60):
        moment = NOON - 4 * HOUR + chance.random() * 8 * HOUR
        data = {"path": "/favicon.ico", "code": "not_found", "status": 404}
        yield event("edge.request_refused", moment, status=404, data=data, src_ip=f"10.9.{number}.1")
        yield event("edge.csp_violated", moment, data={"blocked": "inline"}, src_ip=f"10.9.{number}.1")
    for number in range(48):
        moment = NOON - 4 * HOUR + number * 10 * MINUTE
        yield login(moment, "monitor", src_ip="10.8.0.1", user_agent="monitor/1.0")
