"""Policies in Django REST framework.

The names are found when they are first asked for: REST framework imports `PolicyPermission` while it is loading itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .actions import policy_action, public
    from .deciding import PolicyMixin
    from .filters import PolicyOrderingFilter, PolicySearchFilter
    from .permissions import PolicyPermission
    from .viewsets import PolicyViewSet

_HOMES = {
    "PolicyMixin": "deciding",
    "PolicyOrderingFilter": "filters",
    "PolicyPermission": "permissions",
    "PolicySearchFilter": "filters",
    "PolicyViewSet": "viewsets",
    "policy_action": "actions",
    "public": "actions",
}

__all__ = [
    "PolicyMixin",
    "PolicyOrderingFilter",
    "PolicyPermission",
    "PolicySearchFilter",
    "PolicyViewSet",
    "policy_action",
    "public",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
