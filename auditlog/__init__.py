"""What happened: an append-only log of security events, reviewed in the Django admin.

A host calls `record()`, decorates models with `@audited`, and names signals in its settings.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .auditing import audited
    from .recording import record

__all__ = ["audited", "record"]


def __getattr__(name: str) -> Any:
    # Django imports this package before it can load models, so the function that needs them is found when asked for.
    if name == "record":
        from .recording import record

        return record
    if name == "audited":
        from .auditing import audited

        return audited
    raise AttributeError(name)
