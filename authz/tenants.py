"""Which tenant a login, and a request, acts in."""

import uuid
from typing import Any

from django.http import HttpRequest

from .models import Membership


def default_tenant(user: Any) -> str:
    """Return the id of the tenant that the user became a member of first, or "" if of none. One query."""
    members = Membership.objects.filter(user=user.pk, tenant__isnull=False).order_by("pk")
    tenant = members.values_list("tenant_id", flat=True).first()
    return str(tenant or "")


def of_request(request: HttpRequest) -> str:
    """Return the tenant of the request's token (no query); without a token the user's default tenant (one query)."""
    tenant = getattr(getattr(request, "auth", None), "tenant", None)
    if tenant is not None:
        return str(tenant)
    user = getattr(request, "user", None)
    return default_tenant(user) if user is not None and user.is_authenticated else ""


def as_id(tenant: str) -> uuid.UUID | None:
    """Return the id that a text stands for, or None: what is no id is no tenant."""
    try:
        return uuid.UUID(tenant) if tenant else None
    except ValueError:
        return None
