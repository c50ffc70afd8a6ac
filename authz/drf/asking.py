"""Asks the policy about a request and about a row, for the permission class and the view sets."""

import logging

from django.db.models import Model
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from ..engine import Verdict, action_of, scope
from ..principals import Principal, principal
from .actions import Declared
from .errors import AccessDenied, Refusal, Unreadable

logger = logging.getLogger(__name__)


def demand_route(request: Request, view: APIView, declared: Declared | None) -> None:
    """Refuse what the principal can take on no row at all.

    :raises AccessDenied: the view declares no action, or no rule gives it.
    :raises NotAuthenticated: the same, and nobody has logged in.
    :raises MethodNotAllowed: the view has no handler for the method.
    """
    if request.method not in view.allowed_methods:
        raise MethodNotAllowed(str(request.method))
    if declared is None or declared.model is None:
        logger.error("%s declares no policy action for %s", type(view).__name__, request.method)
        _refuse(request, view, declared or Declared("", None), "undeclared")
    elif not (getattr(view, "decides_objects", False) and principal(request).known) and (
        # About a named row the row decides, and says 404; but a stranger is asked to log in before that.
        scope(principal(request), declared.action, declared.model) is Verdict.NONE
    ):
        _refuse(request, view, declared, "no_rule")


def demand_object(request: Request, declared: Declared, row: Model) -> None:
    """Refuse what the principal may not do with a row.

    :raises AccessDenied: it may be read, but not so used.
    :raises Unreadable: it may not even be read.
    """
    who = principal(request)
    denied: Refusal | None = denial(who, declared.action, row)
    if denied is None:
        return
    if denial(who, "read", row) is not None:
        denied = Unreadable(action=declared.action, model=type(row), field="pk", key=row.pk)
    denied.announce(who)
    raise denied


def _refuse(request: Request, view: APIView, declared: Declared, reason: str) -> None:
    who = principal(request)
    denied = AccessDenied(action=declared.action, model=declared.model, reason=reason)
    denied.announce(who)
    if not who.known and view.get_authenticators():
        raise NotAuthenticated
    raise denied


def denial_after(who: Principal, action: str, row: Model) -> AccessDenied | None:
    """Return why a change may not stand that leaves the row like this, or None if it may.

    Only a create and an update are asked again: `publish` of a draft must not need a draft afterwards.
    """
    if action in {"create", "update"}:
        return denial(who, action, row)
    found = action_of(type(row), action)
    if found is not None and found.in_tenant(who, row):
        return None
    return AccessDenied(action=action, model=type(row), reason="left_tenant", target=row)


def denial(who: Principal, action: str, row: Model) -> AccessDenied | None:
    """Return why the principal may not take the action on the row, or None if it may."""
    found = action_of(type(row), action)
    if found is not None and found.check(who, row):
        return None
    why = ""
    if found is not None and found.allowing(who, row) is not None:
        forbids = found.forbidding(who, row)
        why = forbids.why if forbids else ""
    reason = "forbidden" if why else "no_rule"
    return AccessDenied(action=action, model=type(row), reason=reason, why=why, target=row)
