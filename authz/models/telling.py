"""Rows whose every change is told of, also where Django sends no signal."""

# ruff: noqa: SLF001  (`_base_manager` is Django's documented face of a model)

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db import models, transaction

Row = TypeVar("Row", bound=models.Model)


class TellingQuerySet(models.QuerySet[Row]):
    """Tells of rows that are made or updated at once, in the same transaction; `bulk_update` calls `update`."""

    def bulk_create(self, objs: Iterable[Row], *args: Any, **kwargs: Any) -> list[Row]:
        from ..changes import tell_made

        with transaction.atomic(using=self.db):
            made = super().bulk_create(objs, *args, **kwargs)
            for row in made:
                tell_made(row, using=self.db)
            return made

    def update(self, **kwargs: Any) -> int:
        from ..changes import tell_changed

        with transaction.atomic(using=self.db):
            # Held, so that what another transaction makes of a row meanwhile is not told as if it had not been.
            rows = self.model._base_manager.using(self.db)
            held = rows.select_for_update().filter(pk__in=list(self.values_list("pk", flat=True)))
            before = {row.pk: row for row in held}
            changed = models.QuerySet.update(rows.filter(pk__in=before), **kwargs)
            for row in rows.filter(pk__in=before):
                tell_changed(before[row.pk], row, using=self.db)
            return changed
