"""The routes of a host that keeps the admin's own login form, with the wrapper for it."""

from django.urls import URLPattern, URLResolver, path

from accounts.admin import login
from config import urls
from edge.ratelimit import ratelimit

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", ratelimit("admin_login")(login), name="admin-login"),
    *urls.urlpatterns,
]
