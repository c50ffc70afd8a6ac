"""Policies in Django REST framework."""

from .actions import policy_action, public
from .deciding import PolicyMixin
from .filters import PolicyOrderingFilter
from .permissions import PolicyPermission
from .viewsets import PolicyViewSet

__all__ = ["PolicyMixin", "PolicyOrderingFilter", "PolicyPermission", "PolicyViewSet", "policy_action", "public"]
