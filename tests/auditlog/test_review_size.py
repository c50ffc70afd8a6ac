"""What a page costs does not depend on how long the log is: neither its queries nor the rows that PostgreSQL reads.

20 000 events here; `REVIEW_EVENTS=200000` for more, `bench/review.py` for ten million and for times.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from auditlog import generating, scanning
from auditlog.models import Event
from bench.review import LIST, questions

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]
EVENTS = int(os.environ.get("REVIEW_EVENTS", "20000"))
BOUND = 500
#: Conditions that no index answers together, and that few events or none meet.
HARD = (
    "?route=api/v1/never&period=all",
    "?outcome=failed&severity=6&period=all",
    "?ip=198.0.0.0/8&outcome=refused&severity=6&period=all",
    "?type=articles.article_updated&route=api/v1/never&outcome=failed&period=all",
)


def fill(count: int, seed: int) -> None:
    for _ in generating.store(generating.events(count, days=20, seed=seed), "default"):
        pass
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {Event._meta.db_table}")


def read(plan: dict[str, Any]) -> Iterator[int]:
    """Yield how many rows each scan of a plan has looked at."""
    if "Relation Name" in plan or "Index Name" in plan:
        dropped = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield (plan["Actual Rows"] + dropped) * plan["Actual Loops"]
    for part in plan.get("Plans", ()):
        yield from read(part)


def rows_read(client: Client, address: str) -> int:
    """Return how many rows of the log PostgreSQL looks at for a page."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(LIST + address).status_code == 200
    total = 0
    for query in captured:
        if query["sql"].startswith("SELECT") and Event._meta.db_table in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
                (answer,) = cursor.fetchone()
            plans = json.loads(answer) if isinstance(answer, str) else answer
            total += sum(read(plans[0]["Plan"]))
    return total


def test_neither_queries_nor_rows_grow_with_the_log(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "BOUND", BOUND)
    client.force_login(User.objects.create_superuser("admin@example.com"))
    fill(4000, seed=1)
    pages = questions()

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(LIST + address).status_code == 200
        return len(captured)

    few = {name: queries(address) for name, address in pages.items()}
    fill(EVENTS, seed=2)
    # A condition that was rare and is frequent now no longer leads, and one more is asked how far it reaches.
    assert {name: found for name, address in pages.items() if (found := queries(address)) > few[name] + 2} == {}
    for address in HARD:
        assert rows_read(client, address) < 8 * BOUND, address
