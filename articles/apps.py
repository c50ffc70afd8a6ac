from django.apps import AppConfig
from django.core import checks


class ArticlesConfig(AppConfig):
    name = __name__.rpartition(".")[0]
    label = "bulwark_articles"
    verbose_name = "Bulwark articles"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import lookups  # noqa: F401  (registers `has_word`)
        from .checks import check_settings

        checks.register(check_settings)
