"""What you may do: policies, roles, tenants."""

from typing import Any

from rest_framework.settings import api_settings

from authz.conf import conf
from authz.drf import PolicyPermission
from authz.models import Tenant
from authz.registry import policies

from .base import Group, Protection, State


def group() -> Group:
    return Group("authz", "Allowed", "May they do this, to this?", [default(), rules(), roles(), tenants()])


def default() -> Protection:
    classes: list[Any] = list(api_settings.DEFAULT_PERMISSION_CLASSES)
    denies = any(issubclass(cls, PolicyPermission) for cls in classes)
    value = "A view without a rule answers nobody." if denies else "A view without a rule answers everybody."
    return Protection("Deny by default", "A forgotten rule closes a door.", State.ON if denies else State.OFF, value)


def rules() -> Protection:
    models = ", ".join(str(policy.model._meta.verbose_name_plural) for policy in policies())  # noqa: SLF001
    value = f"Policies for {models}." if models else "No policy."
    return Protection(
        "One rule, two uses",
        "The same rule checks an object and filters a list: they cannot disagree.",
        State.ON if models else State.OFF,
        value,
    )


def roles() -> Protection:
    names = ", ".join(conf.roles)
    return Protection(
        "Roles", "A change counts on the next request.", State.ON if names else State.OFF, f"{names or 'None'}."
    )


def tenants() -> Protection:
    value = f"{Tenant.objects.count()} here."
    return Protection("Tenants", "Another tenant's row is a 404, whatever the role.", State.ON, value)
