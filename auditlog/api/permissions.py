"""Who reads the log over HTTP: Django's own permissions, whatever else the project decides by."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

from ..models import Event

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.views import APIView


class MayView(BasePermission):
    """The caller has `view_event`."""

    actions: tuple[str, ...] = ("view",)

    def has_permission(self, request: "Request", view: "APIView") -> bool:  # noqa: ARG002 - REST framework's contract
        label = Event._meta.app_label  # noqa: SLF001 - Django's documented face of a model
        user = request.user
        return user.is_authenticated and all(user.has_perm(f"{label}.{action}_event") for action in self.actions)


class MayExport(MayView):
    """The caller has `view_event` and `export_event`: a list over HTTP takes events away like a file does."""

    actions = ("export", "view")
