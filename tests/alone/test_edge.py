"""The edge by itself, in a project on `auth.User`, at the top level and under another package."""

from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

SETTINGS = """
MIDDLEWARE = [
    "{package}edge.context.RequestContextMiddleware",
    "{package}edge.access.AccessMiddleware",
    "{package}edge.headers.HttpsRequiredMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "{package}edge.headers.HeadersMiddleware",
    "{package}edge.problems.ProblemMiddleware",
    "{package}edge.bounds.BoundsMiddleware",
    *MIDDLEWARE[:1],
    "{package}edge.ratelimit.RateLimitMiddleware",
    "{package}edge.blocks.BlockMiddleware",
    "{package}edge.bodies.BodyLimitMiddleware",
    *MIDDLEWARE[1:],
]
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["{package}edge.parsers.StrictJSONParser"],
    "EXCEPTION_HANDLER": "{package}edge.problems.exception_handler",
}
from {package}edge.logs import logging_config
LOGGING = logging_config()
BULWARK_EDGE = {
    "GENERAL_RATELIMIT": "general",
    "RATELIMITS": {"general": {"key": "user_or_ip", "rate": "5/m"}},
}
"""

URLS = """
from rest_framework.response import Response
from rest_framework.views import APIView
from {package}edge.health import healthz
from {package}edge.ratelimit import ratelimit

class Echo(APIView):
    @ratelimit(key="ip", rate="2/m")
    def post(self, request):
        return Response(request.data)

handler400 = "{package}edge.problems.bad_request"
handler404 = "{package}edge.problems.not_found"
handler500 = "{package}edge.problems.server_error"
urlpatterns += [path("healthz", healthz), path("api/echo", Echo.as_view())]
"""

JOB = """
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import setup_test_environment
setup_test_environment()
client = Client()
assert client.get("/healthz").status_code == 200
assert client.get("/api/nothing").json()["code"] == "not_found"
first = client.post("/api/echo", {"a": 1}, content_type="application/json")
assert first.json() == {"a": 1}, first.content
assert first.headers["X-Request-ID"] and first.headers["Cache-Control"] == "no-store"
assert first.headers["RateLimit-Policy"].count(";q=") == 2
bad = client.generic("POST", "/api/echo", b'{"a": 1, "a": 2}', content_type="application/json")
assert (bad.status_code, bad.json()["code"]) == (400, "duplicate_key")
third = client.post("/api/echo", {}, content_type="application/json")
assert (third.status_code, third.json()["code"]) == (429, "throttled")
client.force_login(User.objects.create_user("alice"))
assert client.get("/api/nothing").status_code == 404, "a user is counted apart from the address"
print("done")
"""


@pytest.mark.parametrize("package", ["", "bulwark"])
def test_the_edge_works_by_itself(tmp_path: Path, package: str) -> None:
    project: BareProject = bare_project(tmp_path, "edge", package=package, settings=SETTINGS, urls=URLS)
    assert "no issues" in project.manage("check")
    project.manage("migrate", "--verbosity", "0")
    assert "No changes" in project.manage("makemigrations", "--check", "--dry-run")
    assert project.python(JOB).strip().endswith("done")
