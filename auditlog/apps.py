from django.apps import AppConfig


class AuditLogConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_auditlog"
    verbose_name = "Bulwark auditlog"
    default_auto_field = "django.db.models.BigAutoField"
