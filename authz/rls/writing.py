"""Compares the tenant clauses with what migrations have done, and writes the migrations that are missing."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from django.db.migrations import Migration
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.writer import MigrationWriter

from .operations import ProtectRows, UnprotectRows
from .tables import Table, tables

# The app whose migrations it belongs to, the apps that it needs, and what is to be done.
Step = tuple[str, tuple[str, ...], ProtectRows]


def missing(loader: MigrationLoader) -> list[Step]:
    """Return what no migration has done yet, ordered by app."""
    done, wanted = _done(loader), {table.name: table for table in tables()}
    return sorted([*_protections(wanted.values(), done), *_openings(wanted, done)], key=itemgetter(0))


def _done(loader: MigrationLoader) -> dict[str, tuple[str, ProtectRows]]:
    """Return the last operation on each table, with its app."""
    found: dict[str, tuple[str, ProtectRows]] = {}
    for leaf in loader.graph.leaf_nodes():
        for node in loader.graph.forwards_plan(leaf):
            for operation in loader.graph.nodes[node].operations:
                if isinstance(operation, ProtectRows):
                    found[operation.table] = (node[0], operation)
    return found


def _protections(wanted: Iterable[Table], done: dict[str, tuple[str, ProtectRows]]) -> Iterator[Step]:
    for table in wanted:
        _, last = done.get(table.name, ("", None))
        if last is None or isinstance(last, UnprotectRows) or last.condition != table.condition:
            yield table.app, table.needs, ProtectRows(table.name, table.condition)


def _openings(wanted: dict[str, Table], done: dict[str, tuple[str, ProtectRows]]) -> Iterator[Step]:
    for name, (app, last) in done.items():
        if name not in wanted and not isinstance(last, UnprotectRows):
            yield app, (), UnprotectRows(name, last.condition)


def write(loader: MigrationLoader, steps: Iterable[Step], *, app: str = "") -> list[Path]:
    """Write one migration for each app, or all into those of ``app``, and return their files.

    :raises OSError: a folder cannot be written to.
    """
    placed = [(app or home, (home, *needs), operation) for home, needs, operation in steps]
    written = []
    for label, same in groupby(sorted(placed, key=itemgetter(0)), key=itemgetter(0)):
        group = list(same)
        others = {need for _, needs, _ in group for need in needs} - {label}
        migration = _migration(loader, label, others, [operation for *_, operation in group])
        writer = MigrationWriter(migration)
        path = Path(writer.path)
        path.write_text(writer.as_string(), encoding="utf-8")
        written.append(path)
    return written


def _migration(loader: MigrationLoader, label: str, others: set[str], operations: list[ProtectRows]) -> Migration:
    leaves = [leaf for name in (label, *sorted(others)) for leaf in loader.graph.leaf_nodes(name)]
    last = max((name for app, name in leaves if app == label), default="")
    number = (MigrationAutodetector.parse_number(last) or 0) + 1
    made = Migration(f"{number:04}_row_level_security", label)
    vars(made).update(dependencies=leaves, operations=list(operations))
    return made
