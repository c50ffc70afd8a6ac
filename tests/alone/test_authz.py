"""authz by itself: on `auth.User`, with session logins, without accounts, edge and auditlog."""

from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

SETTINGS = """
INSTALLED_APPS += ["shop"]
BULWARK_AUTHZ = {"ROLES": {"viewer": [], "author": ["viewer"]}}
REST_FRAMEWORK = {
    "DEFAULT_PERMISSION_CLASSES": ["{package}authz.drf.PolicyPermission"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
"""
MODELS = """
from django.conf import settings
from django.db import models

class Note(models.Model):
    text = models.CharField(max_length=50)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    tenant = models.ForeignKey("bulwark_authz.Tenant", models.CASCADE)
"""
POLICIES = """
from {package}authz.policies import Fields, Policy, allow, me, this
from .models import Note

class NotePolicy(Policy, model=Note, tenant="tenant"):
    mine = this.owner == me
    read = allow("viewer")
    create = update = delete = allow("author", mine)
    fields = {{"viewer": Fields(read="id text"), "author": Fields(write="text", preset={{"owner": me}})}}
"""
URLS = """
from rest_framework import serializers
from rest_framework.routers import SimpleRouter
from {package}authz.drf import PolicyViewSet
from shop.models import Note

class NoteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Note
        fields = "__all__"

class NoteViewSet(PolicyViewSet):
    queryset = Note.objects.order_by("pk")
    serializer_class = NoteSerializer

router = SimpleRouter()
router.register("notes", NoteViewSet)
urlpatterns += router.urls
"""
JOURNEY = """
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient
from {package}authz.models import Membership, Tenant
from shop.models import Note

def client(name, tenant, role):
    user = get_user_model().objects.create_user(name)
    Membership.objects.create(user=user, tenant=tenant, role=role)
    found = APIClient()
    found.force_login(user)
    return found

acme, other = (Tenant.objects.create(name=name, slug=name) for name in ("acme", "other"))
alice, bob, charlie = client("alice", acme, "author"), client("bob", acme, "viewer"), client("charlie", other, "author")
made = alice.post("/notes/", {{"text": "x"}})
path = f"/notes/{{made.json()['id']}}/"
print(made.status_code, made.json())
print([who.get(path).status_code for who in (alice, bob, charlie, APIClient())])
print([who.patch(path, {{"text": "y"}}).status_code for who in (alice, bob, charlie, APIClient())])
print(alice.patch(path, {{"owner": 2}}).status_code, alice.patch(path, {{"owner": 2}}).json())
Membership.objects.filter(user__username="bob").update(role="author")
print(bob.post("/notes/", {{"text": "z"}}).status_code, Note.objects.count())
"""


ADMIN = """
from django.contrib.auth import get_user_model
from django.test import Client
client = Client()
client.force_login(get_user_model().objects.create_superuser("root"))
answer = client.get("/admin/bulwark_authz/membership/access/")
print(answer.status_code)
print("nobody may delete (kept for good)" in answer.content.decode())
"""


@pytest.fixture(params=["", "bulwark"], ids=["at the top level", "under bulwark"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> BareProject:
    package: str = request.param
    prefix = f"{package}." if package else ""
    shop = tmp_path / "shop"
    (shop / "migrations").mkdir(parents=True)
    for folder in (shop, shop / "migrations"):
        (folder / "__init__.py").touch()
    (shop / "models.py").write_text(MODELS)
    (shop / "policies.py").write_text(POLICIES.format(package=prefix))
    (tmp_path / "journey.py").write_text(JOURNEY.format(package=prefix))
    return bare_project(tmp_path, "authz", package=package, settings=SETTINGS, urls=URLS)


def test_a_host_with_its_own_user_takes_it(project: BareProject) -> None:
    assert "no issues" in project.manage("check")
    assert "No changes" in project.manage("makemigrations", "--check", "bulwark_authz")
    project.manage("makemigrations", "shop", "-v0")
    project.manage("migrate", "-v0")
    assert project.python("import journey").splitlines() == [
        "201 {'id': 1, 'text': 'x'}",
        "[200, 200, 404, 403]",
        "[200, 403, 404, 403]",
        "422 {'owner': ['There is no such field.']}",
        "201 2",
    ]


def test_its_page_its_files_and_its_migrations_work_there(project: BareProject) -> None:
    (project.path / "rules.toml").write_text(
        '[[forbid]]\nmodel = "shop.Note"\nactions = ["delete"]\nwhy = "kept for good"\n'
    )
    with (project.path / "settings.py").open("a") as settings:
        settings.write('\nBULWARK_AUTHZ["POLICY_FILES"] = BASE_DIR / "rules.toml"\n')
    project.manage("makemigrations", "shop", "-v0")
    assert "0002_row_level_security" in project.manage("authz_rls", "--write-migration")
    assert "Every tenant clause" in project.manage("authz_rls", "--check")
    project.manage("migrate", "-v0")
    assert "No changes" in project.manage("makemigrations", "--check", "shop")
    assert project.python(ADMIN).splitlines() == ["200", "True"]


def test_a_wrong_rule_stops_it_and_names_its_line(project: BareProject) -> None:
    path = project.path / "shop" / "policies.py"
    path.write_text(path.read_text().replace("this.owner", "this.onwer"))
    with pytest.raises(AssertionError, match=r"shop/policies.py:6.*\n*.*E005|E005.*\n*.*no field 'onwer'"):
        project.manage("check")
