from django.apps import AppConfig


class AuthzConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_authz"
    verbose_name = "Bulwark authz"
    default_auto_field = "django.db.models.BigAutoField"
