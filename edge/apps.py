from django.apps import AppConfig


class EdgeConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_edge"
    verbose_name = "Bulwark edge"
    default_auto_field = "django.db.models.BigAutoField"
