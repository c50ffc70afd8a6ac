"""articles with authz and edge, which it builds on: on `auth.User`, by session, without accounts and auditlog."""

from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

SETTINGS = """
INSTALLED_APPS += ["django_filters", "drf_spectacular"]
MIDDLEWARE += ["{package}authz.middleware.AuthzMiddleware"]
BULWARK_AUTHZ = {"ROLES": {"viewer": [], "author": ["viewer"], "editor": ["author"], "admin": ["editor"]}}
BULWARK_EDGE = {
    "PROCESSES": 1,
    "RATELIMITS": {
        name: {"key": "user_or_ip", "rate": "100/m"} for name in ("anonymous_read", "expensive", "export")
    },
}
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["{package}authz.drf.PolicyPermission"],
    "DEFAULT_PARSER_CLASSES": ["{package}edge.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "{package}edge.schema.ProblemSchema",
    "EXCEPTION_HANDLER": "{package}edge.problems.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
"""
URLS = """
urlpatterns += [path("api/v1/", include("{package}articles.urls"))]
"""
JOURNEY = """
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient
from {package}articles.models import Category
from {package}articles.signals import article_created
from {package}authz.models import Membership, Tenant

told = []
def hear(**kwargs): told.append(kwargs["target"].title)
article_created.connect(hear)

def client(name, tenant, role):
    user = get_user_model().objects.create_user(name)
    Membership.objects.create(user=user, tenant=tenant, role=role)
    found = APIClient()
    found.force_login(user)
    return found

acme, other = (Tenant.objects.create(name=name, slug=name) for name in ("acme", "other"))
alice, bob, charlie = client("alice", acme, "author"), client("bob", acme, "author"), client("charlie", other, "author")
category = Category.objects.create(name="General", slug="general")
body = {"title": "An article", "body": "<p>" + "x" * 60 + "</p><script>1</script>", "category": str(category.pk)}
made = alice.post("/api/v1/articles/", body)
assert made.status_code == 201, made.content
url = f"/api/v1/articles/{made.json()['id']}/"
assert "script" not in alice.get(url).json()["body"]
assert bob.get(url).status_code == charlie.get(url).status_code == 404
assert alice.post(url + "publish", headers={"If-Match": made["ETag"]}).status_code == 200
assert bob.get(url).status_code == 200
assert bob.delete(url, headers={"If-Match": "*"}).status_code == 403
assert charlie.get(url).status_code == 404
assert APIClient().get("/api/v1/categories/").json()["results"][0]["name"] == "General"
lines = b"".join(alice.get("/api/v1/articles/export", {"format": "ndjson"}).streaming_content)
assert lines.count(b"\\n") == 1
assert alice.post("/api/v1/link-preview/", {"url": "https://127.0.0.1/"}).json()["code"] == "link_unavailable"
assert told == ["An article"], told
print("done")
"""


@pytest.fixture(params=["", "bulwark"], ids=["top level", "moved"])
def project(tmp_path: Path, request: pytest.FixtureRequest) -> BareProject:
    apps, extras = ("articles", "authz", "edge"), ("articles",)
    return bare_project(tmp_path, *apps, package=request.param, settings=SETTINGS, urls=URLS, extras=extras)


def test_it_works_without_the_other_apps(project: BareProject) -> None:
    project.manage("check", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check", "--dry-run")
    project.manage("migrate", "--verbosity", "0")
    prefix = "bulwark." if (project.path / "bulwark").exists() else ""
    assert project.python(JOURNEY.replace("{package}", prefix)).strip().endswith("done")
