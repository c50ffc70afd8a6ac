from django.apps import AppConfig


class ArticlesConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_articles"
    verbose_name = "Bulwark articles"
    default_auto_field = "django.db.models.BigAutoField"
