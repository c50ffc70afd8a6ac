"""What each page and search of the audit log's review costs at ten million events, on PostgreSQL.

    python3 dev.py bench review postgresql://owner@127.0.0.1/postgres [--events 10000000] [--rounds 21] [--keep NAME]

A database of its own is made, filled and dropped; ten million events take about 12 GB. A day of invented events is
stored over and over, each time a day later, so that the log has as many days as fit. Every page goes through the whole
stack of the site, signed in as an auditor. Promised: no page over 0.3 s (95th percentile), and a number of queries that
is the same at any length. Beside the time on the clock stand what PostgreSQL and what Python took of it (medians).
"""

import argparse
import logging
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

PROMISED = 0.3
A_DAY = 200_000
LIST = "/admin/bulwark_auditlog/event/"


@contextmanager
def database(url: str, keep: str) -> Iterator[str]:
    """Make a database and drop it, or use and leave one that is named."""
    import psycopg

    name = keep or f"bench_review_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as owner:
        if not owner.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            owner.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{url.rpartition('/')[0]}/{name}"
        finally:
            if not keep:
                owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fill(total: int) -> None:
    """Store ``total`` events, with their indexes built at the end, and their hourly counts."""
    from django.core.management.base import OutputWrapper
    from django.db import connection, transaction
    from django.utils import timezone

    from auditlog import generating, partitions, rollup
    from auditlog.models import Event
    from auditlog.progress import Bar

    fields = Event._meta  # noqa: SLF001 - Django's documented face of a model
    table, day, days = fields.db_table, min(A_DAY, total), max(total // A_DAY, 1)
    for month in partitions.months_from(timezone.now() - timedelta(days=days), days // 28 + 1):
        if month not in partitions.existing(connection, table):
            partitions.create(connection, table, month)
    with connection.schema_editor() as editor:
        for index in fields.indexes:
            editor.remove_index(Event, index)
    since = days_ago(1) - timedelta(minutes=1)
    with Bar("events", total, OutputWrapper(sys.stderr)) as bar:
        for done in generating.store(generating.events(day, days=1, seed=1), "default"):
            bar.show(done)
        new = {"ts": "ts - make_interval(days => %s)", "uuid": "gen_random_uuid()", "request_id": "md5(random()::text)"}
        names = [field.column for field in fields.concrete_fields if field.name != "seq"]
        columns, values = ", ".join(map(str, names)), ", ".join(new.get(str(name), str(name)) for name in names)
        copy = f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE ts > %s"
        for number in range(days - 1, 0, -1):
            with connection.cursor() as cursor:
                cursor.execute(copy, [number, since])
            bar.show((days - number + 1) * day)
    with connection.schema_editor() as editor:
        for index in fields.indexes:
            editor.add_index(Event, index)
    with transaction.atomic():
        rollup.add(list(rollup.counted(Event.objects.all())), "default")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def questions() -> dict[str, str]:
    """Return what is measured: a name, and the address below the list."""
    from auditlog.models import Event

    newest = Event.objects.newest_first()
    user = newest.filter(actor_type="user").exclude(target_id="")[0]
    rare = newest.filter(type="accounts.token_forged").first() or user
    old = newest.filter(ts__lte=days_ago(20)).first() or user
    return {**_filters(user, rare, old), **_searches(user, rare), **_pages(user)}


def _asked(**parameters: Any) -> str:
    return "?" + urlencode(parameters)


def _filters(user: Any, rare: Any, old: Any) -> dict[str, str]:
    who, where, place = user.actor_label, user.tenant, f"{old.ts.isoformat()}~{old.seq}"
    return {
        "the newest page": "",
        "a page of 20 days ago": _asked(older_than=place),
        "back from there": _asked(newer_than=place, period="all"),
        "all time": _asked(period="all"),
        "a frequent type": _asked(type="articles.article_updated"),
        "a rare type": _asked(type="accounts.token_forged"),
        "a type there is none of": _asked(type="accounts.never_happened", period="all"),
        "outcome failed": _asked(outcome="failed"),
        "outcome refused": _asked(outcome="refused"),
        "severity 3": _asked(severity=3),
        "severity 4": _asked(severity=4),
        "severity 5": _asked(severity=5, period="all"),
        "an actor": _asked(actor=who),
        "an address": _asked(ip=rare.src_ip),
        "a network /24": _asked(ip="203.0.113.0/24"),
        "a network /8": _asked(ip="198.0.0.0/8"),
        "a network nobody is in": _asked(ip="10.0.0.0/8", period="all"),
        "a tenant": _asked(tenant=where),
        "a session": _asked(session=user.session),
        "a route": _asked(route=user.route),
        "a route nobody took": _asked(route="api/v1/never", period="all"),
        "a tenant and a rare type": _asked(tenant=where, type="accounts.token_forged"),
        "an actor and a frequent type": _asked(actor=who, type="articles.article_updated"),
        "three conditions, no event": _asked(tenant=where, route="api/v1/never", outcome="failed", period="all"),
        "a network and an outcome": _asked(ip="198.0.0.0/8", outcome="refused", period="all"),
    }


def _searches(user: Any, rare: Any) -> dict[str, str]:
    words = {
        "a request id": user.request_id,
        "an event id": rare.uuid,
        "an actor": user.actor_label,
        "an address": rare.src_ip,
        "a target": user.target_id,
        "a tenant": user.tenant,
        "a word nobody knows": "no such thing",
    }
    return {f"search: {name}": _asked(q=word, period="all") for name, word in words.items()}


def _pages(user: Any) -> dict[str, str]:
    return {
        "timeline of a request": "timeline/" + _asked(request=user.request_id),
        "timeline of a session": "timeline/" + _asked(session=user.session),
        "timeline of an actor": "timeline/" + _asked(actor=user.actor_id),
        "timeline of a target": "timeline/" + _asked(target=user.target_id, target_type=user.target_type),
        "dashboard of a day": "dashboard/?period=24h",
        "dashboard of a month": "dashboard/?period=30d",
        "an event": f"{user.uuid}/change/",
    }


def days_ago(days: int) -> Any:
    from django.utils import timezone

    return timezone.now() - timedelta(days=days)


@dataclass(frozen=True)
class Row:
    """Seconds of one page: on the clock, and of those the parts that are its own, whatever else the machine does."""

    name: str
    took: list[float]
    sql: list[float]
    cpu: list[float]
    queries: int

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.took, n=20, method="inclusive")[18] if len(self.took) > 1 else self.took[0]

    def __str__(self) -> str:
        own = f"{statistics.median(self.sql) * 1000:8.1f} {statistics.median(self.cpu) * 1000:8.1f}"
        clock = f"{statistics.median(self.took) * 1000:8.1f} {self.p95 * 1000:8.1f}"
        return f"{self.name:32} {clock} {own} {self.queries:8}"


def measure(rounds: int) -> list[Row]:
    """Ask for each page again and again, signed in."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    users: Any = get_user_model().objects
    client = Client()
    client.force_login(users.filter(is_superuser=True).first() or users.create_superuser("admin@example.com"))
    client.get(LIST, secure=True)  # what a process does once: templates, plans
    return [_measured(client, name, LIST + address, rounds) for name, address in questions().items()]


def _measured(client: Any, name: str, address: str, rounds: int) -> Row:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    row = Row(name, [], [], [], 0)
    for _ in range(rounds):
        began, used = time.perf_counter(), time.process_time()
        with CaptureQueriesContext(connection) as captured:
            response = client.get(address, secure=True)
        row.took.append(time.perf_counter() - began)
        row.cpu.append(time.process_time() - used)
        row.sql.append(sum(float(query["time"]) for query in captured))
        if response.status_code != 200:
            sys.exit(f"{name}: {response.status_code}")
    return replace(row, queries=len(captured))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", help="URL of a PostgreSQL whose role may create databases")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--keep", default="", help="name of a database that is left, and used again if it is there")
    given = parser.parse_args()
    with database(given.database, given.keep) as url:
        os.environ["DATABASE_URL"] = url
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
        import django

        django.setup()
        logging.disable()
        from django.core.management import call_command
        from django.db import connections

        from auditlog.models import Event

        call_command("migrate", verbosity=0)
        if not Event.objects.exists():
            fill(given.events)
        rows = measure(given.rounds)
        connections.close_all()
    head = f"{'p50 ms':>8} {'p95 ms':>8} {'sql ms':>8} {'cpu ms':>8} {'queries':>8}"
    print(f"{'at ' + format(given.events, ',') + ' events':32} {head}", *rows, sep="\n")
    return 0 if max(row.p95 for row in rows) <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
