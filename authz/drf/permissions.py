"""The permission class that asks the policy, and denies where none was declared.

REST framework imports it from the settings while its own views and the models are still loading, so this module imports
neither of them before a request is there.
"""

from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission

from .actions import DECLARED, PUBLIC, Declared, marked

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class PolicyPermission(BasePermission):
    """Denies by default: a view is open only by a policy action or by `public`."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        """Return true if the principal might take the view's action on some row.

        :raises AccessDenied: by no rule, or none was declared.
        :raises NotAuthenticated: the same, and nobody has logged in.
        :raises MethodNotAllowed: the view has no handler for the method.
        """
        from .asking import demand_route

        if not self._mark(request, view, PUBLIC):
            demand_route(request, view, self._declared(request, view))
        vars(view)["policy_asked"] = True
        return True

    def has_object_permission(self, request: "Request", view: "APIView", obj: Any) -> bool:
        """Return true if the principal may take the view's action on this row.

        :raises AccessDenied: it may not.
        """
        from .asking import demand_object

        if getattr(view, "decides_objects", False) or self._mark(request, view, PUBLIC):
            return True
        declared = self._declared(request, view)
        if declared is None:
            return False
        demand_object(request, declared, obj)
        return True

    def _mark(self, request: "Request", view: "APIView", name: str) -> Any:
        return getattr(self, name, None) or marked(view, request, name)

    def _declared(self, request: "Request", view: "APIView") -> Declared | None:
        declared: Declared | None = self._mark(request, view, DECLARED)
        ask = getattr(view, "declared_action", None)
        return ask(declared) if ask is not None else declared
