"""What commands that change keys have in common: a reason, and that they tell of it."""

from typing import Any

from django.core.management.base import CommandError
from django.dispatch import Signal

from ..reasons import checked_reason


def reason(given: str) -> str:
    """Return a reason without the spaces around it.

    :raises CommandError: it is empty or too long.
    """
    try:
        return checked_reason(given)
    except ValueError as error:
        raise CommandError(str(error)) from error


def tell(signal: Signal, sender: type, **data: Any) -> None:
    """Send a signal about what is done; robust, for it holds, whoever fails to hear of it."""
    signal.send_robust(sender=sender, request=None, user=None, target=None, outcome="success", data=data)
