"""Counts the queries of a block, BEGIN and COMMIT aside."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

_FRAMING = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@contextmanager
def queries() -> Iterator[list[str]]:
    """Yield a list that holds the block's SQL when it ends."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(_FRAMING)]


def of_accounts(sql: list[str]) -> list[str]:
    """Return the queries that touch a table of accounts: what others do on a signal is theirs."""
    return [query for query in sql if "bulwark_accounts_" in query]
