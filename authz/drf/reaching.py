"""Queries over relations meet the related rows that the principal may read: any other is as if it were not there."""

# ruff: noqa: SLF001  (`_meta` and `_base_manager` are Django's documented faces of a model)

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import ForeignKey, Model, OuterRef, Q, QuerySet, Subquery

from ..engine import scoped
from ..managers import marked_scoped
from ..principals import Principal
from ..registry import policy_of

Rows = QuerySet[Any]


@dataclass(frozen=True, slots=True)
class Way:
    """A path of a query.

    :ivar relations: those that it goes over, each with the model that it leads to.
    :ivar end: what is asked of the row at the end of them; a foreign key is a column there.
    """

    model: type[Model]
    relations: tuple[tuple[str, type[Model]], ...]
    end: str

    @classmethod
    def along(cls, model: type[Model], path: str, *, to_rows: bool = False) -> "Way":
        """Follow a path, which may end in a transform or a lookup.

        :param to_rows: what is asked of a relation at the end is a row, and not its key.
        """
        names = path.split("__")
        relations: list[tuple[str, type[Model]]] = []
        for position, name in enumerate(names, 1):
            field = field_of(relations[-1][1] if relations else model, name)
            related: Any = getattr(field, "related_model", None)
            is_end = position == len(names) and (to_rows or isinstance(field, ForeignKey))
            if is_end or not isinstance(related, type):
                return cls(model, tuple(relations), "__".join(names[position - 1 :]))
            relations.append((name, related))
        return cls(model, tuple(relations), "pk")

    def condition(self, who: Principal, narrow: Callable[[Rows], Rows]) -> Q:
        """Return "one of the readable rows at the end is among those that are left of them", without a join."""
        *before, (name, last) = self.relations
        found = narrow(readable_rows(last, who))
        for outer, related in reversed(before):
            found, name = readable_rows(related, who).filter(**{f"{name}__in": found}), outer
        if isinstance(field_of(self.model, name), ForeignKey):
            return Q((f"{name}__in", found))
        # A join would repeat the row for each that it finds.
        return Q(pk__in=marked_scoped(self.model._base_manager.filter(**{f"{name}__in": found})))

    def first(self, who: Principal, *, descending: bool) -> Subquery:
        """Return the value at the end; of many rows the one that comes first, and none where no row may be read."""
        path, readable = "", dict[str, Rows]()
        for name, related in self.relations:
            path += f"{name}__"
            readable[f"{path}in"] = readable_rows(related, who)
        rows = self.model._base_manager.filter(pk=OuterRef("pk"), **readable)
        value = f"{path}{self.end}"
        return Subquery(marked_scoped(rows.order_by(f"-{value}" if descending else value).values(value)[:1]))


def readable_rows(model: type[Model], who: Principal) -> Rows:
    """Return the rows that the principal may read; of a model without a policy, all."""
    rows: Rows = model._base_manager.all()
    return marked_scoped(rows) if policy_of(model) is None else scoped(rows, who)


def leads_on(model: Any, path: str, name: str) -> bool:
    """Tell whether a path ends in a relation, and the name is a field there."""
    for step in path.split("__"):
        model = getattr(field_of(model, step), "related_model", None)
        if not isinstance(model, type):
            return False
    return field_of(model, name) is not None


def field_of(model: Any, name: str) -> Any:
    """Return the field that a query calls so, or None for what only a query knows: an annotation."""
    options = model._meta
    if name == "pk":
        return options.pk
    named = {related.name: related for related in options.related_objects}
    try:
        return named.get(name) or options.get_field(name)
    except FieldDoesNotExist:
        return None
