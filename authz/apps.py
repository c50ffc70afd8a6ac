from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuthzConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_authz"
    verbose_name = _("Authorization")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import changes, memory
        from .checks import check_policies, check_routes, check_settings

        changes.connect()
        setting_changed.connect(memory.settings_changed, dispatch_uid="bulwark_authz.settings_changed")
        checks.register(check_settings)
        checks.register(check_policies)
        checks.register(check_routes)
        autodiscover_modules("policies")
