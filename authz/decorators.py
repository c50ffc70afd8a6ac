"""Policies on function views: Django's own, sync and async."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from .drf.actions import DECLARED, Declared
from .engine import Verdict, action_of, scope, scoped
from .keys import NOT_A_KEY
from .principals import Principal, principal
from .refusals import tell_denied

View = TypeVar("View", bound=Callable[..., Any])


def policy_required(action: str, model: type[Model], *, key: str = "", login: bool = False) -> Callable[[View], View]:
    """Decide before a view runs.

    :param key: name of the URL's argument that holds a primary key. The row is then decided about, and the view gets
        the row itself under this name; without it, the view runs if the action might be taken on some row.
    :param login: send strangers to the login page instead of refusing them.

    The view raises Http404 where the row may not be read, PermissionDenied where it may but not so used.
    """

    def decorate(view: View) -> View:
        def decided(request: HttpRequest, kwargs: dict[str, Any]) -> HttpResponseBase | None:
            who = principal(request)
            if login and not who.known:
                return redirect_to_login(request.get_full_path())
            if key:
                kwargs[key] = _row(who, action, model, kwargs[key])
            elif scope(who, action, model) is Verdict.NONE:
                tell_denied(who, action=action, model=model, reason="no_rule")
                raise PermissionDenied
            return None

        @wraps(view)
        def sync_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return decided(request, kwargs) or view(request, *args, **kwargs)

        @wraps(view)
        async def async_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return await sync_to_async(decided)(request, kwargs) or await view(request, *args, **kwargs)

        wrapped: Any = async_view if iscoroutinefunction(view) else sync_view
        setattr(wrapped, DECLARED, Declared(action, model, by_itself=True))
        found: View = wrapped
        return found

    return decorate


def _row(who: Principal, action: str, model: type[Model], key: Any) -> Model:
    try:
        row = get_object_or_404(scoped(model._default_manager.all(), who), pk=key)  # noqa: SLF001  (documented)
    except (Http404, *NOT_A_KEY):
        tell_denied(who, action=action, model=model, reason="unreadable", key=str(key))
        raise Http404 from None
    found = action_of(model, action)
    if action != "read" and (found is None or not found.check(who, row)):
        forbidding = found.forbidding(who, row) if found else None
        why = forbidding.why if forbidding else ""
        tell_denied(who, action=action, model=model, reason="forbidden" if why else "no_rule", why=why, target=row)
        raise PermissionDenied
    return row
