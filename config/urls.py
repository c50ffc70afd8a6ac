from django.apps import apps
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from accounts.admin import password_change
from accounts.views.pages.staff import StaffLoginPage
from config import pages
from edge.csp_reports import csp_report
from edge.exposition import metrics
from edge.health import healthz, readyz
from edge.ratelimit import ratelimit

handler400 = "edge.problems.bad_request"
handler403 = "edge.problems.permission_denied"
handler404 = "edge.problems.not_found"
handler500 = "edge.problems.server_error"

# Signing in with accounts elsewhere, where the settings name providers.
social: list[URLPattern | URLResolver] = []
if apps.is_installed("allauth.socialaccount"):
    social = [path("account/social/", include("accounts.social.urls"))]

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/auth/", include("accounts.urls")),
    path("api/v1/", include("articles.urls")),
    path("api/v1/", include("auditlog.api.urls")),
    path("", include("accounts.site_urls")),
    *social,
    path("", pages.landing, name="landing"),
    path("favicon.ico", pages.favicon, name="favicon"),
    path("api/v1/schema/", pages.SchemaView.as_view(), name="schema"),
    path("api/v1/docs/", pages.docs, name="docs"),
    path("csp-report", csp_report, name="csp-report"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    # Staff log in where everybody does: the admin's own form can ask for no challenge and no passkey.
    path("admin/login/", StaffLoginPage.as_view(), name="admin-login"),
    # A guess of the old password counts like one at the door.
    path("admin/password_change/", ratelimit("admin_login")(admin.site.admin_view(password_change))),
    path("admin/", admin.site.urls),
]
