"""Refusals as exceptions that REST framework renders; each knows how to tell the world of itself, once."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError
from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ErrorDetail, NotFound, PermissionDenied, ValidationError

from ..keys import NOT_A_KEY
from ..principals import Principal
from ..refusals import tell_denied, tell_fields_refused


class Refusal(APIException):
    """Something was refused by a policy; `announce` sends the signal, outside of what is rolled back."""

    announced = False

    def announce(self, principal: Principal) -> None:
        """Tell the world, the first time it is called."""
        if not self.announced:
            self.announced = True
            self.tell(principal)

    @abstractmethod
    def tell(self, principal: Principal) -> None: ...


class AccessDenied(Refusal, PermissionDenied):
    """403: the principal may not take the action.

    :ivar reason: a word, as in the signal `access_denied`.
    :ivar why: the text of the forbid that denied.
    """

    default_detail = _("You may not do this.")

    def __init__(
        self, *, action: str, model: type[Model] | None, reason: str, why: str = "", target: Model | None = None
    ) -> None:
        super().__init__(_("You may not do this: %(why)s.") % {"why": why} if why else None)
        self.action, self.model, self.reason, self.why, self.target = action, model, reason, why, target

    def tell(self, principal: Principal) -> None:
        tell_denied(
            principal, action=self.action, model=self.model, reason=self.reason, why=self.why, target=self.target
        )


class Unreadable(Refusal, NotFound):
    """404: there is no such row, or the principal may not know of it; the answer and its cost are the same."""

    def __init__(self, *, action: str, model: type[Model], field: str, key: Any) -> None:
        super().__init__()
        self.action, self.model, self.field, self.key = action, model, field, key

    def tell(self, principal: Principal) -> None:
        """Send `access_denied`, with the row as its target if it exists. One query, whether or not it does."""
        try:
            row = self.model._base_manager.filter(**{self.field: self.key}).first()  # noqa: SLF001  (documented)
        except NOT_A_KEY:
            row = None
        tell_denied(
            principal,
            action=self.action,
            model=self.model,
            reason="unknown" if row is None else "unreadable",
            target=row,
            key=str(self.key),
        )


class FieldsRefused(Refusal, ValidationError):  # noqa: N818  (named as what happened)
    """422: input names fields that the principal may not set, or that do not exist."""

    status_code = 422

    def __init__(self, codes: dict[str, str], *, action: str, model: type[Model], target: Model | None) -> None:
        super().__init__({name: [ErrorDetail(str(_MESSAGES[code]), code)] for name, code in codes.items()})
        self.names, self.action, self.model, self.target = sorted(codes), action, model, target

    def tell(self, principal: Principal) -> None:
        tell_fields_refused(principal, action=self.action, model=self.model, names=self.names, target=self.target)


class Repeated(ValidationError):  # noqa: N818  (named as what happened)
    """422: a row like this exists already; the database says so, of a row that the principal may not know of."""

    status_code = 422

    def __init__(self) -> None:
        super().__init__({"non_field_errors": [ErrorDetail(str(_("There is such a row already.")), "unique")]})


@contextmanager
def unique_or_refused() -> Iterator[None]:
    """Turn a unique constraint of the database, over fields that no validator saw, into a refusal.

    :raises Repeated: the row that was to be written exists already.
    """
    try:
        yield
    except IntegrityError as error:
        if _is_of_uniqueness(error.__cause__):
            raise Repeated from error
        raise


def _is_of_uniqueness(cause: Any) -> bool:
    """Tell by the words of SQLite (3.11 and later of Python) and by PostgreSQL's SQLSTATE 23505."""
    name = str(getattr(cause, "sqlite_errorname", ""))
    return name.endswith(("_UNIQUE", "_PRIMARYKEY")) or getattr(cause, "sqlstate", "") == "23505"


UNKNOWN, READ_ONLY = "unknown_field", "read_only_field"
_MESSAGES = {UNKNOWN: _("There is no such field."), READ_ONLY: _("You may not set this field.")}
