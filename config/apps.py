from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    label = "config"
    verbose_name = "Bulwark"

    def ready(self) -> None:
        from accounts.signals import email_verified
        from config import lasting
        from config.workspaces import open_workspace
        from edge import signals

        email_verified.connect(open_workspace, dispatch_uid="config.open_workspace")
        signals.network_blocked.connect(lasting.keep_block, dispatch_uid="config.keep_block")
        signals.network_unblocked.connect(lasting.end_blocks, dispatch_uid="config.end_blocks")
        signals.route_disabled.connect(lasting.keep_switch, dispatch_uid="config.keep_switch")
        signals.route_enabled.connect(lasting.end_switches, dispatch_uid="config.end_switches")
