"""What you may do: policies, roles, tenants."""

from typing import Any

from django.conf import settings
from rest_framework.settings import api_settings

from authz.conf import conf
from authz.drf import PolicyPermission
from authz.models import Tenant
from authz.registry import policies

from .base import Finding, Group, Protection, State


def group() -> Group:
    protections = [
        Protection("Deny by default", "A forgotten rule closes a door.", default),
        Protection("One rule, two uses", "It checks an object and filters a list: they cannot disagree.", rules),
        Protection("Forgotten rules", "Code that reads rows past the policy reads none.", scopes),
        Protection("Roles", "A change counts on the next request.", roles),
        Protection("Tenants", "Another tenant's row is a 404, whatever the role.", tenants),
    ]
    return Group("authz", "Allowed", "May they do this, to this?", protections)


def default() -> Finding:
    classes: list[Any] = list(api_settings.DEFAULT_PERMISSION_CLASSES)
    if any(issubclass(cls, PolicyPermission) for cls in classes):
        return Finding(State.ON, "A view without a rule answers nobody.")
    return Finding(State.OFF, "A view without a rule answers everybody.")


def rules() -> Finding:
    models = [str(policy.model._meta.verbose_name_plural) for policy in policies()]  # noqa: SLF001
    return Finding(State.ON, f"Policies for {', '.join(models)}.") if models else Finding(State.OFF, "No policy.")


def scopes() -> Finding:
    if not any(path.endswith("authz.middleware.AuthzMiddleware") for path in settings.MIDDLEWARE):
        return Finding(State.OFF, "Nothing knows which request a query is of.")
    found = {
        "raise": Finding(State.ON, "The request ends before a row is read."),
        "warn": Finding(State.PARTLY, "It is logged."),
    }
    return found.get(conf.unscoped_queries, Finding(State.OFF, "Nothing notices."))


def roles() -> Finding:
    return Finding(State.ON, f"{', '.join(conf.roles)}.") if conf.roles else Finding(State.OFF, "None.")


def tenants() -> Finding:
    return Finding(State.ON, f"{Tenant.objects.count()} here.")
