"""What stands at the root of a site: `path("", include("accounts.site_urls"))`."""

from django.urls import path

from . import views

app_name = "bulwark_accounts_site"

urlpatterns = [
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    path("account/verify", views.verify_page, name="verify"),
    path("account/reset", views.reset_page, name="reset"),
]
