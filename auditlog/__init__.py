"""What happened: an append-only log of security events, reviewed in the Django admin.

`record()` is the one function that a host calls; signals named in settings are recorded without a call.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recording import record

__all__ = ["record"]


def __getattr__(name: str) -> Any:
    # Django imports this package before it can load models, so the function that needs them is found when asked for.
    if name == "record":
        from .recording import record

        return record
    raise AttributeError(name)
