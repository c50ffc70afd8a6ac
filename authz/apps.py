from django.apps import AppConfig
from django.core import checks
from django.core.signals import setting_changed
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class AuthzConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_authz"
    verbose_name = _("Authorization")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import changes, memory, metrics
        from .checks import (
            check_files,
            check_grants,
            check_middleware,
            check_permissions,
            check_policies,
            check_routes,
            check_settings,
        )
        from .files import loading
        from .rls.checks import check_row_level_security
        from .rls.statements import connect_to_new_connections

        changes.connect()
        metrics.connect()
        connection_created.connect(connect_to_new_connections, dispatch_uid="bulwark_authz.connection_created")
        setting_changed.connect(memory.settings_changed, dispatch_uid="bulwark_authz.settings_changed")
        setting_changed.connect(loading.settings_changed, dispatch_uid="bulwark_authz.files_changed")
        checks.register(check_settings)
        checks.register(check_files)
        checks.register(check_grants)
        checks.register(check_middleware)
        checks.register(check_permissions)
        checks.register(check_policies)
        checks.register(check_routes)
        checks.register(check_row_level_security)
        autodiscover_modules("policies")
