from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_accounts"
    verbose_name = "Bulwark accounts"
    default_auto_field = "django.db.models.BigAutoField"
