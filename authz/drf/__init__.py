"""Policies in Django REST framework."""

from .actions import policy_action, public
from .permissions import PolicyPermission
from .viewsets import PolicyViewSet

__all__ = ["PolicyPermission", "PolicyViewSet", "policy_action", "public"]
