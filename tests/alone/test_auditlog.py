"""The log by itself, in a project that has `auth.User` and nothing else of ours."""

from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

SETTINGS = """
MIDDLEWARE.insert(0, "{package}auditlog.middleware.AuditMiddleware")
BULWARK_AUDITLOG = {
    "SIGNALS": ["django.contrib.auth.signals." + name for name in ("user_logged_in", "user_login_failed")],
    "TYPES": {"shop.refunded": {"severity": 2, "fields": ["amount"]}},
    "SPOOL": BASE_DIR / "spool",
}
"""

STORY = """
from django.contrib.auth.models import Permission, User
from django.test import Client
from {package}auditlog import record
from {package}auditlog.models import Event

admin = User.objects.create_superuser("admin", password="correct horse")
client = Client()
client.post("/admin/login/", {"username": "admin", "password": "wrong horse"})
client.post("/admin/login/", {"username": "admin", "password": "correct horse"})
event = record("shop.refunded", user=admin, data={"amount": "9.90", "card": "4111"})
assert (event.data, event.dropped) == ({"amount": "9.90"}, 1)
print([(event.type, event.outcome, event.actor_label) for event in Event.objects.order_by("seq")])

page = client.get("/admin/bulwark_auditlog/event/?q=admin")
assert page.status_code == 200 and page.context["cl"].result_count == 3, page.content
for name in ("dashboard/", "timeline/?actor=admin", "export/?format=ocsf", "export/?format=csv"):
    assert client.get("/admin/bulwark_auditlog/event/" + name).status_code == 200, name
assert client.get(f"/admin/bulwark_auditlog/event/{event.uuid}/change/").status_code == 200
assert list(Permission.objects.filter(content_type__app_label="bulwark_auditlog", content_type__model="event")
    .order_by("codename").values_list("codename", flat=True)) == [
        "export_event", "respond_event", "verify_event", "view_event"]
try:
    Event.objects.all().delete()
except Exception as error:
    print(type(error).__name__)
"""

OTHER_DATABASE = """
from django.db.backends.sqlite3 import base
class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "mysql"
"""

LOGINS = [("login_failed", "failed"), ("logged_in", "success")]


@pytest.fixture(params=["", "bulwark"], ids=["top level", "moved"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> BareProject:
    return bare_project(tmp_path, "auditlog", package=request.param, settings=SETTINGS)


def test_it_stands_alone(project: BareProject, request: pytest.FixtureRequest) -> None:
    prefix = "bulwark." if (project.path / "bulwark").exists() else ""
    project.manage("migrate", "--verbosity", "0")
    project.manage("check", "--database", "default", "--fail-level", "WARNING")
    project.manage("makemigrations", "--check", "--dry-run")

    told = project.python(
        "from django.test.utils import setup_test_environment; setup_test_environment()\n"
        + STORY.replace("{package}", prefix)
    )

    assert told.splitlines() == [
        str(
            [(f"auth.user_{what}", outcome, "admin") for what, outcome in LOGINS]
            + [("shop.refunded", "success", "admin")]
        ),
        "EventChangeRefused",
    ]


def test_what_is_set_wrongly_is_told(tmp_path: Path) -> None:
    settings = SETTINGS.replace('"SPOOL": BASE_DIR / "spool",', '"SIGNAL": 1').replace(
        '"django.contrib.auth.signals." +', '"no.such." +'
    )
    project = bare_project(tmp_path, "auditlog", settings=settings)

    with pytest.raises(AssertionError, match=r"bulwark_auditlog\.E001[^$]*bulwark_auditlog\.E002"):
        project.manage("check")


NAMESAKE = """
from django.apps import AppConfig

class Namesake(AppConfig):
    name = label = "auditlog"
"""


def test_it_lives_beside_django_auditlog(tmp_path: Path) -> None:
    """Moved under a package of ours it shares neither a label nor a module with the app of that name."""
    project = bare_project(
        tmp_path, "auditlog", package="bulwark", settings=SETTINGS + 'INSTALLED_APPS += ["auditlog"]\n'
    )
    (tmp_path / "auditlog").mkdir()
    (tmp_path / "auditlog" / "__init__.py").touch()
    (tmp_path / "auditlog" / "apps.py").write_text(NAMESAKE)

    project.manage("check")
    labels = project.python("from django.apps import apps; print([app.label for app in apps.get_app_configs()])")
    assert "'bulwark_auditlog'" in labels
    assert "'auditlog'" in labels


def test_the_log_is_read_over_http_with_plain_rest_framework(tmp_path: Path) -> None:
    urls = 'urlpatterns.append(path("api/v1/", include("{package}auditlog.api.urls")))\n'
    project = bare_project(tmp_path, "auditlog", settings=SETTINGS, urls=urls)
    project.manage("migrate", "--verbosity", "0")

    assert project.python(HTTP).split() == ["403", "200", "shop.refunded", "400", "404", "200"]


HTTP = """
from django.contrib.auth.models import User
from rest_framework.test import APIClient
from auditlog import record

User.objects.create_superuser("admin", password="correct horse")
event = record("shop.refunded", data={"amount": "9.90"})
client = APIClient()
url = "/api/v1/audit/events/"
print(client.get(url).status_code)
client.login(username="admin", password="correct horse")
page = client.get(url, {"type": "shop.refunded"})
print(page.status_code, page.json()["results"][0]["type"])
print(client.get(url, {"tennant": "x"}).status_code)
print(client.get(url + "00000000-0000-0000-0000-000000000000/").status_code)
print(client.get(f"{url}{event.uuid}/").status_code)
"""


def test_a_database_that_cannot_keep_the_log_is_refused(tmp_path: Path) -> None:
    """As MySQL is, by its vendor; nothing is asked of it."""
    backend = tmp_path / "mysql_like"
    backend.mkdir()
    (backend / "__init__.py").touch()
    wrapper = (
        "from django.db.backends.sqlite3 import base\nclass DatabaseWrapper(base.DatabaseWrapper): vendor = 'mysql'\n"
    )
    (backend / "base.py").write_text(wrapper)
    settings = SETTINGS + 'DATABASES["default"] = {"ENGINE": "mysql_like", "NAME": BASE_DIR / "db.sqlite3"}\n'
    project = bare_project(tmp_path, "auditlog", settings=settings.replace('"{package}', '"'))

    with pytest.raises(AssertionError, match=r"E008\) The log does not work on mysql"):
        project.manage("check")
    with pytest.raises(AssertionError, match="works on postgresql and sqlite, not on mysql"):
        project.manage("migrate", "--skip-checks")
