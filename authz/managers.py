"""Managers that notice when a request reads rows that no policy was asked about.

    class Article(models.Model):
        objects = ProtectedManager()

A query of theirs is scoped by `authz.engine.scoped` (view sets do it), or says `.unscoped("why")`. Anywhere else in a
request whose view policies decide about, it raises; the Django admin and other views that decide by themselves, jobs,
commands and `_base_manager`, which Django itself uses for saving and for foreign keys, go on as ever.
"""

import logging
import sys
from collections.abc import Callable, Iterable
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import django
from django.db import models, transaction
from django.db.models.sql import Query

from .conf import conf
from .language.sites import Site
from .requests import is_guarded

if TYPE_CHECKING:
    _QuerySet = models.QuerySet[Any]
else:
    _QuerySet = models.QuerySet

Rows = TypeVar("Rows", bound=models.QuerySet[Any])
logger = logging.getLogger(__name__)

_NOT_CALLERS = (str(Path(__file__).parent), str(Path(django.__file__).parent))
# All that asks the database for rows of the set, or changes them.
_EVALUATING = (
    "_fetch_all",
    "aggregate",
    "aiterator",
    "count",
    "delete",
    "exists",
    "explain",
    "iterator",
    "raw",
    "update",
)


class UnscopedQuery(RuntimeError):  # noqa: N818  (named as what happened)
    """Rows of a protected model were asked for in a request, and no policy was asked about them."""

    def __init__(self, model: type[models.Model], site: Site) -> None:
        label = model._meta.label  # noqa: SLF001  (documented)
        super().__init__(f'{site}: {label} is read without a policy: use scoped(rows, principal), or .unscoped("why").')


class ProtectedQuery(Query):
    """The query of a protected set, which raises as a part of another one too: in a sub-query, an EXISTS, a UNION.

    :ivar of_everybody: no policy was asked. Only sets say so: what Django makes of a query to join it says nothing.
    """

    of_everybody = False

    def get_compiler(self, using: Any = None, connection: Any = None, elide_empty: bool = True) -> Any:
        if connection is not None and self.of_everybody:  # only the compiler of another query brings its connection
            guard(self)
        return super().get_compiler(using, connection, elide_empty)


class ProtectedQuerySet(_QuerySet):
    """Is scoped, says why it is not, or raises."""

    def __init__(self, model: Any = None, query: Any = None, using: Any = None, hints: Any = None) -> None:
        if query is None:
            query = ProtectedQuery(model)
            query.of_everybody = True
        super().__init__(model, query, using, hints)

    @property
    def is_scoped(self) -> bool:
        """Was a policy asked, or a reason given?"""
        return not getattr(self.query, "of_everybody", True)

    def unscoped(self, reason: str) -> Self:
        """Return the same rows, whoever asks.

        :raises ValueError: no reason is given.
        """
        if not reason.strip():
            raise ValueError("Reading without a policy needs a reason.")
        return marked_scoped(self)

    def __or__(self, other: Any) -> Self:
        return self._joined(super().__or__(other), other)

    def __xor__(self, other: Any) -> Self:
        return self._joined(super().__xor__(other), other)

    def union(self, *other_qs: Any, all: bool = False) -> Self:  # noqa: A002  (Django's name)
        return self._joined(super().union(*other_qs, all=all), *other_qs)

    def _joined(self, found: Any, *others: Any) -> Self:
        """Rows of two sets are scoped if both were; a set that is known to be empty adds none."""
        scoped = all(getattr(rows, "is_scoped", False) or rows.query.is_empty() for rows in (self, *others))
        joined: Self = found
        vars(joined.query)["of_everybody"] = not scoped
        return joined

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        """Make rows as Django does, which sends no signal of them: what SQL left behind does not count for them.

        Of rows with `update_conflicts` whose keys the database gives, nobody knows which are new: grants on them stay.
        """
        from .changes import forget_grants, may_reattach

        rows = list(objs)
        make = partial(super().bulk_create, rows, *args, **kwargs)
        if not may_reattach(self.model):
            return make()
        given = {row.pk for row in rows if row.pk is not None}
        self._for_write = True  # as Django is about to set it: `db` is then the one that is written to
        with transaction.atomic(using=self.db):
            stored = self.model._base_manager.using(self.db).only("pk")  # noqa: SLF001  (documented)
            new = given - stored.in_bulk(given).keys() if given else given
            made = make()
            if not kwargs.get("update_conflicts", any(args[2:3])):
                new |= {row.pk for row in made if row.pk is not None} - given
            forget_grants(self.model, new, using=self.db)
            return made


def guard(query: Query) -> None:
    """Refuse, or log, what the settings say, if a request reads the rows of everybody.

    :raises UnscopedQuery: it does.
    """
    if query.is_empty() or not is_guarded() or conf.unscoped_queries == "off":
        return
    error = UnscopedQuery(query.model, _caller())  # type: ignore[arg-type]  # a query of a set has a model
    if conf.unscoped_queries == "raise":
        raise error
    logger.warning("%s", error)


def marked_scoped(rows: Rows) -> Rows:
    """Return the same rows as such that a policy was asked about; for the engine, which did."""
    if not isinstance(rows, ProtectedQuerySet):
        return rows
    found = rows.all()
    vars(found.query)["of_everybody"] = False
    return found


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def method(self: ProtectedQuerySet, *args: Any, **kwargs: Any) -> Any:
        if self._result_cache is None and not self.is_scoped:
            guard(self.query)
        return original(self, *args, **kwargs)

    return method


for _name in _EVALUATING:
    setattr(ProtectedQuerySet, _name, _guarded(getattr(models.QuerySet, _name)))


def _caller() -> Site:
    """Return the nearest line outside of this app and of Django."""
    frame = sys._getframe(2)  # noqa: SLF001  (`inspect` reads source files)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_CALLERS):
        frame = frame.f_back
    return Site(frame.f_code.co_filename, frame.f_lineno)


ProtectedManager = models.Manager.from_queryset(ProtectedQuerySet, "ProtectedManager")
