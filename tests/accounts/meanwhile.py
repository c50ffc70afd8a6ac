"""Races made certain: something else happens right after a row was read."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def after_the_first_read(table: str, act: Callable[[], object]) -> Iterator[None]:
    """Call ``act`` once, when a row of this table has been read and nothing was done with it yet."""
    pending, has_read = [act], False

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal has_read
        if pending and has_read:
            pending.pop()()
        has_read = has_read or (sql.startswith("SELECT") and f' FROM "{table}"' in sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not pending, "nothing was read"
