"""accounts in a project of somebody else: their user model, no app of ours but edge."""

from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

SETTINGS = """
MIDDLEWARE.insert(2, "{package}accounts.middleware.BrowserSessionMiddleware")
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["{package}accounts.authentication.JWTAuthentication"],
    "EXCEPTION_HANDLER": "{package}edge.problems.exception_handler",
}
BULWARK_ACCOUNTS = {
    "ISSUER": "https://testserver",
    "AUDIENCE": "their-api",
    "KEY_PROVIDER": "{package}accounts.keys.files.FileKeys",
    "KEY_OPTIONS": {"path": BASE_DIR / "keys.json", "generate": True},
}
BULWARK_EDGE = {
    "IDENTITY": "{package}accounts.authentication.subject",
    "PROCESSES": 1,
    "RATELIMITS": {
        name: {"key": "ip", "rate": "100/m"}
        for name in ("account", "email", "login", "mfa", "password_change", "password_reset", "refresh", "register")
    },
}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
"""

URLS = """
urlpatterns += [
    path("their/auth/", include("{package}accounts.urls")),
    path("", include("{package}accounts.site_urls")),
]
"""

# Registers, verifies by the mailed link, logs in, refreshes, replays, logs out: on django.contrib.auth's User.
JOB = """
import json, re
from django.core import mail
from django.contrib.auth import get_user_model
from django.test import Client
mail.outbox = []
client = Client()
def send(method, path, body=None, **headers):
    response = client.generic(method, "/their/auth/" + path, json.dumps(body or {}), "application/json", secure=True,
                              headers=headers)
    return response.status_code, json.loads(response.content or b"null")
address = {"email": "ada@example.com", "password": "correct horse battery staple"}
assert send("POST", "register", {**address, "name": "Ada"})[0] == 202
user = get_user_model().objects.get()
assert user._meta.label == "auth.User"
assert (user.username, user.first_name, user.is_active) == ("ada@example.com", "Ada", False)
credentials = {"username": "ada@example.com", "password": address["password"], "transport": "body"}
assert send("POST", "login", credentials)[0] == 401
token = re.search(r"#token=(\\S+)", mail.outbox[0].body)[1]
assert send("POST", "email/verify", {"token": token})[0] == 200
status, first = send("POST", "login", credentials)
assert status == 200, first
status, second = send("POST", "refresh", {"refresh": first["refresh"]})
assert status == 200
bearer = {"Authorization": "Bearer " + second["access"]}
assert send("GET", "me", **bearer)[1]["email"] == "ada@example.com"
assert send("PATCH", "me", {"name": "Ada L."}, **bearer)[1]["name"] == "Ada L."
status, third = send("POST", "refresh", {"refresh": second["refresh"]})
assert send("POST", "refresh", {"refresh": first["refresh"]})[1]["code"] == "token_reused"
assert send("GET", "me", Authorization="Bearer " + third["access"])[0] == 401
# A deactivated account is not brought back by its old link.
get_user_model().objects.update(is_active=False)
assert send("POST", "email/verify", {"token": token})[0] == 400
# The pages work on their user model and in their layout, with the app's own templates.
get_user_model().objects.update(is_active=True)
page = Client()
assert b"Username" in page.get("/account/login").content
answer = page.post("/account/login", {"identifier": "ada@example.com", "password": address["password"], "next": "/x"})
assert (answer.status_code, answer["Location"]) == (302, "/x")
assert b"logged in as" in page.get("/account/logout").content
user.token_families.update(revoked_at="2020-01-01T00:00Z")
assert b"not logged in" in page.get("/account/logout").content
# Their user's address and account, by the routes; their username is the address, so it follows.
fresh = send("POST", "login", credentials)[1]
bearer = {"Authorization": "Bearer " + fresh["access"]}
assert send("POST", "email/change", {"email": "ada@example.org"}, **bearer)[0] == 202
token = re.search(r"#token=(\\S+)", mail.outbox[-1].body)[1]
assert send("POST", "email/change/confirm", {"token": token})[0] == 200
user.refresh_from_db()
assert (user.username, user.email) == ("ada@example.org", "ada@example.org")
token = re.search(r"#token=(\\S+)", mail.outbox[-1].body)[1]
fresh = send("POST", "login", {**credentials, "username": "ada@example.org"})[1]
assert send("DELETE", "me", Authorization="Bearer " + fresh["access"])[0] == 204
user.refresh_from_db()
assert (user.is_active, user.first_name, user.email.endswith("@deleted.invalid")) == (False, "", True)
assert send("POST", "email/change/undo", {"token": token})[0] == 400
from django.db import connection
names = [name for name in connection.introspection.table_names() if name.startswith("bulwark")]
assert "bulwark_accounts_user" not in names
print(names)
"""


@pytest.fixture(params=["", "bulwark"], ids=["top level", "moved"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> BareProject:
    made = bare_project(tmp_path, "edge", "accounts", package=request.param, settings=SETTINGS, urls=URLS)
    made.manage("migrate", "--verbosity", "0")
    return made


def test_the_job_runs_on_the_hosts_own_user(project: BareProject) -> None:
    assert project.python(JOB).splitlines()[-1].startswith("['bulwark_accounts_")


def test_checks_pass_and_no_migration_is_missing(project: BareProject) -> None:
    project.manage("check", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check", "--dry-run")
    assert "active" in project.manage("keys", "status")
    project.manage("rotate_signing_key")
    project.manage("prune_tokens")
