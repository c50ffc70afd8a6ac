"""The register of clients in the Django admin."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from .. import revocation, signals
from ..models import OAuthClient, TokenFamily

if TYPE_CHECKING:  # Django's classes take no type arguments at run time
    _ClientAdmin = admin.ModelAdmin[OAuthClient]
else:
    _ClientAdmin = admin.ModelAdmin


@admin.register(OAuthClient)
class OAuthClientAdmin(_ClientAdmin):
    """Clients: registered, changed and struck off; the sessions of one that may not go on end at once."""

    list_display = ("name", "client_id", "is_first_party", "requires_dpop", "is_active", "created_at")
    list_filter = ("is_active", "is_first_party", "requires_dpop")
    search_fields = ("name", "client_id")
    ordering = ("name", "pk")
    fields = ("name", "client_id", "redirect_uris", "is_first_party", "requires_dpop", "is_active", "created_at")

    def get_readonly_fields(self, request: HttpRequest, obj: OAuthClient | None = None) -> tuple[str, ...]:  # noqa: ARG002
        # Sessions name their client by its id.
        return ("created_at",) if obj is None else ("client_id", "created_at")

    def save_model(self, request: HttpRequest, obj: OAuthClient, form: Any, change: bool) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            self._tell(request, obj, "changed" if change else "added", sorted(form.changed_data))
            if not obj.is_active:
                self._end_sessions(request, obj)

    def delete_model(self, request: HttpRequest, obj: OAuthClient) -> None:
        with transaction.atomic():
            self._end_sessions(request, obj)
            self._tell(request, obj, "deleted")
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[OAuthClient]) -> None:
        with transaction.atomic():
            for client in queryset:
                self._end_sessions(request, client)
                self._tell(request, client, "deleted")
            super().delete_queryset(request, queryset)

    def _tell(self, request: HttpRequest, client: OAuthClient, action: str, fields: Sequence[str] = ()) -> None:
        signals.client_administered.send(
            sender=OAuthClient,
            request=request,
            user=request.user,
            target=client,
            outcome="success",
            data={"action": action, "client": client.client_id, "fields": list(fields)},
        )

    def _end_sessions(self, request: HttpRequest, client: OAuthClient) -> None:
        """End what was issued to a client: another could be registered under its id later."""
        revocation.revoke(
            TokenFamily.objects.filter(client=client.client_id),
            reason=f"client {client.client_id} is not active any more",
            by="admin",
            request=request,
            user=request.user,
            now=timezone.now(),
        )
