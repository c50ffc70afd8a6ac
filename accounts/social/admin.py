"""What of allauth's tables staff see: which accounts are linked, and nothing that would be a way in."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:  # Django's classes take no type arguments at run time
    _LinkAdmin = admin.ModelAdmin[Any]
else:
    _LinkAdmin = admin.ModelAdmin


class LinkAdmin(_LinkAdmin):
    """Links: read and deleted. One that staff add would sign somebody in to anybody's account."""

    list_display = fields = readonly_fields = ("user", "provider", "uid", "date_joined", "last_login")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("uid",)
    ordering = ("pk",)

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


def replace_allauths() -> None:
    """Take allauth's own pages out of the admin: after its autodiscovery, so from the URLconf."""
    from allauth.account.models import EmailAddress
    from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken

    for model in (EmailAddress, SocialAccount, SocialApp, SocialToken):
        if admin.site.is_registered(model):
            admin.site.unregister(model)
    admin.site.register(SocialAccount, LinkAdmin)
