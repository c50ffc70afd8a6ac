from django.contrib.admin.apps import AdminConfig


class GuardedAdminConfig(AdminConfig):
    """Stands in INSTALLED_APPS in place of "django.contrib.admin"."""

    default = False
    default_site = f"{__package__}.admin_site.GuardedAdminSite"
