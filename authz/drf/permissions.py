"""The permission class that asks the policy, and denies where none was declared."""

import logging
from typing import Any

from django.db.models import Model
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from ..engine import Verdict, action_of, scope
from ..principals import Principal, principal
from .actions import DECLARED, PUBLIC, Declared, marked
from .errors import AccessDenied

logger = logging.getLogger(__name__)


class PolicyPermission(BasePermission):
    """Denies by default: a view is open only by a policy action or by `public`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the principal might take the view's action on any row.

        :raises AccessDenied: by no rule.
        :raises NotAuthenticated: by no rule, and nobody has logged in.
        :raises MethodNotAllowed: the view has no handler for the method.
        """
        if self._mark(request, view, PUBLIC):
            return True
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        declared = self._declared(request, view)
        if declared is None or declared.model is None:
            logger.error("%s.%s declares no policy action", type(view).__name__, request.method)
            self._refuse(request, view, declared or Declared("", None), "undeclared")
        elif not getattr(view, "decides_objects", False) and self._impossible(request, declared):
            self._refuse(request, view, declared, "no_rule")
        return True

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        """Tell whether the principal may take the view's action on this row.

        :raises AccessDenied: it may not.
        """
        if getattr(view, "decides_objects", False) or self._mark(request, view, PUBLIC):
            return True
        declared = self._declared(request, view)
        if declared is None:
            return False
        denied = denial(principal(request), declared.action, obj)
        if denied is not None:
            denied.announce(principal(request))
            raise denied
        return True

    def _mark(self, request: Request, view: APIView, name: str) -> Any:
        return getattr(self, name, None) or marked(view, request, name)

    def _declared(self, request: Request, view: APIView) -> Declared | None:
        declared: Declared | None = self._mark(request, view, DECLARED)
        ask = getattr(view, "declared_action", None)
        return ask(declared) if ask is not None else declared

    def _impossible(self, request: Request, declared: Declared) -> bool:
        assert declared.model is not None  # noqa: S101  (asked by the only caller)
        return scope(principal(request), declared.action, declared.model) is Verdict.NONE

    def _refuse(self, request: Request, view: APIView, declared: Declared, reason: str) -> None:
        who = principal(request)
        denied = AccessDenied(action=declared.action, model=declared.model, reason=reason)
        denied.announce(who)
        if not who.known and view.get_authenticators():
            raise NotAuthenticated
        raise denied


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
