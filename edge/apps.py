from django.apps import AppConfig
from django.core.checks import Tags, register


class EdgeConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_edge"
    verbose_name = "Bulwark edge"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import checks
        from .cors import check_cors

        for check in (checks.check_keys, checks.check_paths, checks.check_proxies, checks.check_ratelimits):
            register(check, Tags.security)
        register(check_cors, Tags.security)
        register(checks.check_policies, Tags.security)
        register(checks.check_wiring, Tags.security)
        register(checks.check_store, Tags.security, deploy=True)
