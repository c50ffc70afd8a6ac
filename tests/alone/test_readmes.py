"""What the READMEs tell a host to write, word for word, in a bare project on the wheel's packages."""

import re
from pathlib import Path

from setup import ROOT
from tests.alone.project import bare_project

#: The lines that a host has in place of the dots of its own MIDDLEWARE.
DJANGOS = ", ".join(
    f'"django.contrib.{name}"'
    for name in ("auth.middleware.AuthenticationMiddleware", "messages.middleware.MessageMiddleware")
)
SHOP = """
from django.dispatch import Signal

order_refunded = Signal()
"""
MODELS = """
from django.conf import settings
from django.db import models

class Article(models.Model):
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    tenant = models.ForeignKey("bulwark_authz.Tenant", on_delete=models.CASCADE)
    title = models.CharField(max_length=100)
    body = models.TextField()
    status = models.CharField(max_length=10, choices=[(name, name) for name in ("draft", "published")])
    legal_hold = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
"""
VIEWS = """
from rest_framework.decorators import action
from rest_framework.serializers import ModelSerializer
from articles.models import Article

class ArticleSerializer(ModelSerializer):
    class Meta:
        model = Article
        fields = "__all__"
"""
#: Registers somebody: the answer, and the jobs that wait for the worker.
REGISTER = """
import json
from django.test import Client
from django_tasks_db.models import DBTaskResult
password = "correct horse battery staple"  # pragma: allowlist secret
body = {"email": "ada@example.com", "password": password, "name": "Ada"}
answer = Client().post("/api/v1/auth/register", json.dumps(body), "application/json", secure=True)
print(answer.status_code, DBTaskResult.objects.count())
"""
ROUTES = """
from rest_framework.routers import SimpleRouter
from articles.views import ArticleViewSet
router = SimpleRouter()
router.register("articles", ArticleViewSet)
urlpatterns += [path("api/", include(router.urls))]
"""


def blocks(app: str, *, moved: str = "") -> list[str]:
    """Return the Python of an app's README; dotted paths of the app ``moved`` as they are in the wheel."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / app / "README.md").read_text(), flags=re.DOTALL)
    return [re.sub(rf'(["\s]){moved}(?=["./])', rf"\1bulwark.{moved}", block) if moved else block for block in found]


def once(settings: str) -> str:
    """Return settings for a project that holds the apps already: none of them may be there twice."""
    return settings + "\nINSTALLED_APPS = list(dict.fromkeys(INSTALLED_APPS))\n"


def test_accounts_is_installed_as_its_readme_says(tmp_path: Path) -> None:
    settings, urls, *_ = blocks("accounts")
    settings = f'import os\nos.environ["BULWARK_KEYS_FILE"] = str(BASE_DIR / "keys.json")\n{settings}'
    urls = urls.replace("urlpatterns =", "urlpatterns +=")
    apps, extras = ("edge", "accounts"), ("tasks",)
    project = bare_project(tmp_path, *apps, package="bulwark", settings=once(settings), urls=urls, extras=extras)
    assert "no issues" in project.manage("check")
    project.manage("migrate", "--verbosity", "0")
    (tmp_path / "keys.json").write_text(project.manage("rotate_signing_key", "--first", "--print"))
    assert project.python(REGISTER).strip() == "202 1"


def test_edge_is_installed_as_its_readme_says(tmp_path: Path) -> None:
    settings = blocks("edge", moved="edge")[0]
    theirs = ("if you use it", "REDIS_URL")
    settings = "\n".join(line for line in settings.splitlines() if not any(word in line for word in theirs))
    settings = settings.replace(", ...]", ", *INSTALLED_APPS]").replace("    ...,\n", f"    {DJANGOS},\n")
    settings = "from bulwark.edge.logs import logging_config\n" + settings
    project = bare_project(tmp_path, "edge", package="bulwark", settings=once(settings))
    assert "no issues" in project.manage("check")


def test_auditlog_is_installed_as_its_readme_says(tmp_path: Path) -> None:
    settings = blocks("auditlog")[0].replace(", ...]", ", *INSTALLED_APPS]", 1).replace(", ...]", ", *MIDDLEWARE]")
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "signals.py").write_text(SHOP)
    (tmp_path / "shop" / "network.py").write_text("def client_ip(request):\n    return request.META['REMOTE_ADDR']\n")
    project = bare_project(tmp_path, "auditlog", package="bulwark", settings=once(settings))
    assert "no issues" in project.manage("check")


def test_authz_decides_with_the_policy_of_its_readme(tmp_path: Path) -> None:
    code, settings, *_ = blocks("authz", moved="authz")
    policies, views = code.split("# articles/views.py")
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "models.py").write_text(MODELS)
    (tmp_path / "articles" / "policies.py").write_text(policies)
    (tmp_path / "articles" / "views.py").write_text(VIEWS + views)
    settings = once(settings) + 'INSTALLED_APPS += ["articles"]\n'
    project = bare_project(tmp_path, "authz", package="bulwark", settings=settings, urls=ROUTES)
    assert "no issues" in project.manage("check")
    assert "DELETE /api/articles/<pk>/" in project.manage("authz_inventory", "--format", "markdown")
