from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    label = "config"
    verbose_name = "Bulwark"

    def ready(self) -> None:
        from accounts.signals import email_verified
        from config.workspaces import open_workspace

        email_verified.connect(open_workspace, dispatch_uid="config.open_workspace")
