from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class AuditLogConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_auditlog"
    verbose_name = _("Audit log")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks, sqlite, subscriptions

        for check in checks.ALL:
            register(check)
        sqlite.listen()
        subscriptions.subscribe()
