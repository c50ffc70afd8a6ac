"""Tells the world of a refusal, once."""

from typing import Any

from django.db.models import Model

from .principals import Principal
from .signals import access_denied, field_refused


def _actor(principal: Principal) -> Any:
    return principal.user if principal.known else None


def tell_denied(
    principal: Principal,
    *,
    action: str,
    model: type[Model] | None,
    reason: str,
    why: str = "",
    target: Model | None = None,
    key: str = "",
) -> None:
    """Send `access_denied`.

    :param key: the object's key as it was asked for, where there is no `target`.
    """
    label = model._meta.label_lower if model else ""  # noqa: SLF001  (documented)
    found = "" if target is None or target.pk is None else str(target.pk)
    access_denied.send_robust(
        sender=model or Principal,
        request=principal.request,
        user=_actor(principal),
        target=target,
        outcome="refused",
        data={"action": action, "model": label, "object": found or key, "reason": reason, "why": why},
    )


def tell_fields_refused(
    principal: Principal, *, action: str, model: type[Model], names: list[str], target: Model | None = None
) -> None:
    """Send `field_refused`."""
    field_refused.send_robust(
        sender=model,
        request=principal.request,
        user=_actor(principal),
        target=target,
        outcome="refused",
        data={
            "action": action,
            "model": model._meta.label_lower,  # noqa: SLF001  (documented)
            "object": str(target.pk) if target is not None else "",
            "fields": names,
        },
    )
