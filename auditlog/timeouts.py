"""Lets no question of a reviewer occupy the database for long."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connections, transaction

from .conf import conf

_QUERY_CANCELED = "57014"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


class QuestionAborted(Exception):  # noqa: N818 - errors are past participles in this project
    """A statement took longer than `REVIEW_TIMEOUT`.

    :param seconds: how long that is.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"This took longer than {seconds:g} s. Ask for a shorter time or for something rarer.")
        self.seconds = seconds


@contextmanager
def bounded(alias: str) -> Iterator[None]:
    """Run the block with PostgreSQL's `statement_timeout`; elsewhere without.

    :raises QuestionAborted: a statement took too long. A transaction that was open stays usable.
    """
    connection, seconds = connections[alias], conf.review_timeout
    if connection.vendor != "postgresql" or not seconds:
        yield
        return
    was_open = connection.in_atomic_block
    try:
        with transaction.atomic(using=alias), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true)",
                [str(int(seconds * 1000))],
            )
            (before, _now) = cursor.fetchone()
            yield
            if was_open:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != _QUERY_CANCELED:
            raise
        raise QuestionAborted(seconds) from error
