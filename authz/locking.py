"""Locks the rows that are decided about and going to change."""

from typing import TypeVar

from django.db import connections
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def locked(rows: "QuerySet[Row]") -> "QuerySet[Row]":
    """Return the rows locked for the transaction that is open, where one is; not those that their joins bring along."""
    connection = connections[rows.db]
    if not connection.in_atomic_block:
        return rows
    return rows.select_for_update(of=("self",) if connection.features.has_select_for_update_of else ())
