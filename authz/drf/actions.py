"""Which policy action a handler asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.request import Request
    from rest_framework.views import APIView

Handler = TypeVar("Handler", bound=Callable[..., Any])

DECLARED = "declared_policy_action"  # not the name of the view set's property
PUBLIC = "public_reason"


@dataclass(frozen=True, slots=True)
class Declared:
    """What `policy_action` and `policy_required` leave on a handler.

    :ivar by_itself: it decides, too; otherwise `PolicyPermission` must ask.
    """

    action: str
    model: "type[Model] | None"
    by_itself: bool = False


def policy_action(action: str, model: "type[Model] | None" = None) -> Callable[[Handler], Handler]:
    """Declare that a handler takes this action of a policy.

    On a `PolicyViewSet`, above or below `@action`, no model is needed; on an `APIView`, one of its methods, or a
    function with `@api_view`, it is. A detail route's object is fetched and decided before the handler runs.
    """
    return _marker(DECLARED, Declared(action, model))


def public(reason: str) -> Callable[[Handler], Handler]:
    """Declare that anybody may use a view, or one of its methods, and why.

    :raises ValueError: no reason is given.
    """
    if not reason.strip():
        raise ValueError("A public view says why it is public.")
    return _marker(PUBLIC, reason)


def _marker(name: str, value: object) -> Callable[[Handler], Handler]:
    def mark(handler: Handler) -> Handler:
        # `@api_view` makes a class of a function: it is `cls` of the result, and takes this one attribute over before.
        setattr(getattr(handler, "cls", handler), name, value)
        if not isinstance(handler, type) and not hasattr(handler, "cls"):
            vars(handler).setdefault("permission_classes", _permission(name, value))
        return handler

    return mark


def _permission(name: str, value: object) -> list[type[Any]]:
    from .permissions import PolicyPermission

    return [type("MarkedPolicyPermission", (PolicyPermission,), {name: value})]


def marked(view: "APIView", request: "Request", name: str) -> Any:
    """Return what a decorator left for this request: on the handler, else on the view, else None.

    A view that is public leaves to the policy a handler of which an action is declared.
    """
    method = (request.method or "").lower()
    handler = getattr(view, getattr(view, "action", None) or method, None)
    found = getattr(handler, name, None)
    return found if found or (name == PUBLIC and hasattr(handler, DECLARED)) else getattr(view, name, None)
