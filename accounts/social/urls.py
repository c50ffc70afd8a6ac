"""The routes for providers: `path("account/social/", include("accounts.social.urls"))`, where allauth is installed.

allauth finds the way back by the names of its own routes, so those have no namespace.
"""

from django.urls import include, path

from . import views
from .admin import replace_allauths

replace_allauths()

ours = (
    [
        path("", views.accounts, name="accounts"),
        path("<slug:provider>/begin", views.begin, name="begin"),
        path("<str:provider>/end", views.end_link, name="end"),
    ],
    "bulwark_accounts_social",
)

urlpatterns = [
    path("", include(ours)),
    path("apple/callback", views.callback_by_form, {"kind": "apple"}, name="apple_callback"),
    path("apple/callback/finish", views.callback, {"kind": "apple_finish"}, name="apple_finish_callback"),
    path("github/callback", views.callback, {"kind": "github"}, name="github_callback"),
    path("google/callback", views.callback, {"kind": "google"}, name="google_callback"),
    path(
        "oidc/<slug:provider_id>/callback",
        views.callback,
        {"kind": "openid_connect"},
        name="openid_connect_callback",
    ),
]
