from django.apps import AppConfig
from django.core.checks import Tags, register


class AccountsConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_accounts"
    verbose_name = "Bulwark accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import browser_sessions, checks, metrics, notices, schema, watching

        for check in checks.ALWAYS:
            register(check, Tags.security)
        for check in checks.DEPLOY:
            register(check, Tags.security, deploy=True)
        schema.register()
        watching.connect()
        metrics.connect()
        browser_sessions.connect()
        notices.connect()
