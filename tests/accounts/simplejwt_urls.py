"""simplejwt's proposed paths beside ours."""

from django.urls import include, path

from config.urls import urlpatterns as ours

urlpatterns = [*ours, path("api/token/", include("accounts.simplejwt.urls"))]
