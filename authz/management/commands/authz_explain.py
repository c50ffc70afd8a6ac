"""Tells why a user may, or may not, take an action on an object."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...explaining import explain
from ...principals import principal_for
from ...questions import NothingFound, find_model, find_row, find_user
from ...tenants import as_id, default_tenant


class Command(BaseCommand):
    help = "Print the rules for an action on an object, with their conditions and values, and which of them decides."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="name or e-mail address that the user logs in with, or key")
        parser.add_argument("--action", required=True, help="an action of the policy: read, update ...")
        parser.add_argument("--object", required=True, help="app_label.Model:key")
        parser.add_argument("--tenant", default="", help="id of the tenant; without it the user's first")

    def handle(self, *_args: Any, **options: Any) -> None:
        label, _, key = options["object"].partition(":")
        try:
            user, row = find_user(options["user"]), find_row(find_model(label), key)
        except NothingFound as error:
            raise CommandError(str(error)) from None
        tenant = as_id(options["tenant"] or default_tenant(user))
        self.stdout.write(str(explain(principal_for(user, tenant=tenant), options["action"], row)))
