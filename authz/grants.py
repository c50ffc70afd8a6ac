"""Grants as part of a rule: one EXISTS, however many there are."""

# ruff: noqa: SLF001  (`_meta`, `_base_manager` and `_state` are Django's documented faces of a model)

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from .language.functions import KeyText
from .models import Grant
from .models.grant import object_key


@dataclass(frozen=True, slots=True)
class Held:
    """The grants of one principal for one action on one model."""

    model: type[Model]
    action: str
    principal: Any

    def exists(self, model: type[Model], key: str) -> Exists:  # noqa: ARG002
        """Return "the row whose key has this name in the outer query was granted"."""
        return Exists(self._rows(None).filter(object_id=KeyText(OuterRef(key))))

    def covers(self, row: Model) -> bool:
        """Tell whether a row was granted. One query."""
        return row.pk is not None and self._rows(row._state.db).filter(object_id=object_key(row.pk)).exists()

    def _rows(self, using: str | None) -> QuerySet[Grant]:
        principal = self.principal
        return Grant._base_manager.using(using).filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=principal.env.now),
            self._holder(),
            content_type=ContentType.objects.get_for_model(self.model),
            action=self.action,
        )

    def _holder(self) -> Q:
        roles = Q(user__isnull=True, role__in=sorted(self.principal.roles))
        return roles | Q(user=self.principal.user.pk) if self.principal.known else roles


def held_by(model: type[Model], action: str) -> Callable[[Any], Held]:
    """Return what finds, for a principal, the grants of an action on a model."""
    return lambda principal: Held(model, action, principal)
