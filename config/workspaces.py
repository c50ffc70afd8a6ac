"""Gives whoever verifies an address a tenant to work in: accounts and authz do not know each other, config does."""

from typing import Any

from django.db import transaction

from authz.models import Membership, Tenant

#: In their own workspace everybody may do what an administrator may.
ROLE = "admin"


def open_workspace(*, user: Any, outcome: str, **_kwargs: Any) -> None:
    """Receive `accounts.signals.email_verified`: found a tenant for a user who is in none.

    It has the user as its only member, so a stranger who registers sees nobody's articles.
    """
    if outcome != "success" or Membership.objects.filter(user=user).exists():
        return
    with transaction.atomic():
        tenant = Tenant.objects.create(name=user.get_short_name()[:150], slug=f"workspace-{user.pk}")
        Membership.objects.create(user=user, tenant=tenant, role=ROLE)
