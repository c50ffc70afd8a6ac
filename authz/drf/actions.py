"""Which policy action a handler asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model

Handler = TypeVar("Handler", bound=Callable[..., Any])

DECLARED = "policy_action"
PUBLIC = "public_reason"


@dataclass(frozen=True, slots=True)
class Declared:
    """What `policy_action` leaves on a handler."""

    action: str
    model: type[Model] | None


def policy_action(action: str, model: type[Model] | None = None) -> Callable[[Handler], Handler]:
    """Declare that a handler takes this action of a policy.

    On a `PolicyViewSet`, above or below `@action`; on an `APIView`, its class or one of its methods (then with the model).
    A detail route's object is fetched and decided before the handler runs.
    """

    def mark(handler: Handler) -> Handler:
        setattr(handler, DECLARED, Declared(action, model))
        return handler

    return mark


def public(reason: str) -> Callable[[Handler], Handler]:
    """Declare that anybody may use a view or a method of it, and why; the inventory prints the reason."""
    if not reason.strip():
        msg = "A public view says why it is public."
        raise ValueError(msg)

    def mark(handler: Handler) -> Handler:
        setattr(handler, PUBLIC, reason)
        return handler

    return mark
