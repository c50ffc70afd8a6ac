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
assert client.get(f"/admin/bulwark_auditlog/event/{event.uuid}/change/").status_code == 200
assert list(Permission.objects.filter(content_type__app_label="bulwark_auditlog", content_type__model="event")
    .values_list("codename", flat=True)) == ["view_event"]
try:
    Event.objects.all().delete()
except Exception as error:
    print(type(error).__name__)
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
