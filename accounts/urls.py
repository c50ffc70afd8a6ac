"""The routes of this app. A host includes them where it likes:

`path("api/v1/auth/", include("accounts.urls"))` and `path("", include("accounts.urls_root"))`.
"""

from django.urls import URLPattern

app_name = "bulwark_accounts"

urlpatterns: list[URLPattern] = []
