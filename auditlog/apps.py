from django.apps import AppConfig
from django.core.checks import Tags, register
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
        for check in checks.ON_DEPLOY:
            register(check, deploy=True)
        for check in checks.ON_DATABASE:
            register(check, Tags.database)
        sqlite.listen()
        subscriptions.subscribe()
