"""Policies on views of Django itself, sync and async."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import async_to_sync, iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from rest_framework.permissions import SAFE_METHODS

from .drf.actions import DECLARED, Declared
from .drf.asking import denial, denial_after
from .drf.errors import AccessDenied, Refusal, Unreadable
from .engine import Verdict, scope, scoped
from .keys import NOT_A_KEY
from .locking import locked
from .principals import Principal, principal

View = TypeVar("View", bound=Callable[..., Any])


def policy_required(
    action: str, model: type[Model], *, key: str = "", login: bool = False, lock_rows: bool = True
) -> Callable[[View], View]:
    """Decide before a view runs, and about a row that it may change after it, too.

    With another method than GET, HEAD and OPTIONS the view gets its row in a transaction, locked. It is undone
    where the row ends outside of the tenant or, for the action "update", as the principal may not change it. That costs
    a query; an async view then runs beside a thread that holds the transaction.

    :param key: name of the URL's argument that holds a primary key. The row is then decided about, and the view gets
        the row itself under this name; without it, the view runs if the action might be taken on some row.
    :param login: send strangers to the login page instead of refusing them.
    :param lock_rows: off for models whose default manager a database cannot lock (DISTINCT).

    The view raises Http404 where the row may not be read, PermissionDenied where it may but not so used.
    """
    guard = _Guard(action, model, key, login, lock_rows)

    def decorate(view: View) -> View:
        @wraps(view)
        def sync_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if guard.is_for_change(request):
                return guard.changed(request, args, kwargs, view)
            return guard.asked(request, kwargs) or view(request, *args, **kwargs)

        @wraps(view)
        async def async_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if guard.is_for_change(request):
                return await sync_to_async(guard.changed)(request, args, kwargs, async_to_sync(view))
            return await sync_to_async(guard.asked)(request, kwargs) or await view(request, *args, **kwargs)

        wrapped: Any = async_view if iscoroutinefunction(view) else sync_view
        setattr(wrapped, DECLARED, Declared(action, model, by_itself=True))
        found: View = wrapped
        return found

    return decorate


@dataclass(frozen=True, slots=True)
class _Guard:
    """What `policy_required` was told, and what it does to a request."""

    action: str
    model: type[Model]
    key: str
    login: bool
    lock_rows: bool

    def is_for_change(self, request: HttpRequest) -> bool:
        return bool(self.key) and request.method not in SAFE_METHODS

    def asked(self, request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponseBase | None:
        """Decide, and put the row in the place of its key; or return the way to the login."""
        who = principal(request)
        if self.login and not who.known:
            return redirect_to_login(request.get_full_path())
        with _told(who):
            if self.key:
                kwargs[self.key] = self._row(who, self.model._default_manager.all(), kwargs[self.key])  # noqa: SLF001
            elif scope(who, self.action, self.model) is Verdict.NONE:
                raise AccessDenied(action=self.action, model=self.model, reason="no_rule")
        return None

    def changed(self, request: HttpRequest, args: Any, kwargs: dict[str, Any], view: Callable[..., Any]) -> Any:
        """Decide before the view and after it, in a transaction."""
        who, using = principal(request), router.db_for_write(self.model)
        if self.login and not who.known:
            return redirect_to_login(request.get_full_path())
        with _told(who), transaction.atomic(using=using):
            rows = self.model._default_manager.using(using).all()  # noqa: SLF001  (documented)
            row = kwargs[self.key] = self._row(who, locked(rows) if self.lock_rows else rows, kwargs[self.key])
            pk, response = row.pk, view(request, *args, **kwargs)
            left = self.model._base_manager.using(using).filter(pk=pk).first()  # noqa: SLF001  (documented)
            denied = None if left is None else denial_after(who, self.action, left)  # None: it is deleted
            if denied is not None:
                raise denied
            return response

    def _row(self, who: Principal, rows: "QuerySet[Model]", key: Any) -> Model:
        try:
            row = scoped(rows, who).filter(pk=key).first()
        except NOT_A_KEY:
            row = None
        if row is None:
            raise Unreadable(action=self.action, model=self.model, field="pk", key=key)
        denied = None if self.action == "read" else denial(who, self.action, row)
        if denied is not None:
            raise denied
        return row


@contextmanager
def _told(who: Principal) -> Iterator[None]:
    """Tell of a refusal once what it undoes is undone, and raise Django's own exception for it."""
    try:
        yield
    except Refusal as refusal:
        refusal.announce(who)
        raise (Http404 if isinstance(refusal, Unreadable) else PermissionDenied) from None
