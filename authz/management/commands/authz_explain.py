"""Tells why a user may, or may not, take an action on an object."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Model

from ...explaining import explain
from ...principals import principal_for
from ...tenants import as_id, default_tenant


class Command(BaseCommand):
    help = "Print the rules for an action on an object, with their conditions and values, and which of them decides."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="name or e-mail address that the user logs in with, or key")
        parser.add_argument("--action", required=True, help="an action of the policy: read, update ...")
        parser.add_argument("--object", required=True, help="app_label.Model:key")
        parser.add_argument("--tenant", default="", help="id of the tenant; without it the user's first")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = _user(options["user"])
        tenant = as_id(options["tenant"] or default_tenant(user))
        explanation = explain(principal_for(user, tenant=tenant), options["action"], _object(options["object"]))
        self.stdout.write(str(explanation))


def _user(name: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(name)  # noqa: SLF001  (documented)
    except (ObjectDoesNotExist, ValueError):
        return _by_key(users, name)


def _object(text: str) -> Model:
    label, _, key = text.partition(":")
    try:
        model = apps.get_model(label)
    except (LookupError, ValueError):
        raise CommandError(f"There is no model {label!r}.") from None
    row: Model = _by_key(model, key)
    return row


def _by_key(model: type[Model], key: str) -> Any:
    try:
        return model._base_manager.get(pk=key)  # noqa: SLF001  (documented)
    except (ObjectDoesNotExist, ValidationError, ValueError):
        raise CommandError(f"There is no {model.__name__} {key!r}.") from None
