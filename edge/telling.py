"""Tells the world of what staff, a command or a response has done."""

from typing import Any

from django.dispatch import Signal


def tell_done(signal: Signal, sender: type, user: Any, request: Any, **data: Any) -> None:
    """Send a signal of a success; robust, for a listener that fails must not make somebody believe it was not done."""
    signal.send_robust(sender=sender, request=request, user=user, target=None, outcome="success", data=data)
