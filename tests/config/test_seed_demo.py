import json
import re
import stat
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from articles.models import Article, Category, Status
from authz.models import Membership
from authz.principals import principal_for
from config import demo

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def development(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.LOCAL_DIR = tmp_path / "local"


def seed(capsys: pytest.CaptureFixture[str], **options: object) -> str:
    call_command("seed_demo", **options)
    return capsys.readouterr().out


def test_it_refuses_where_debug_is_off(settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("seed_demo")
    assert not User.objects.exists()
    assert demo.read() is None


def test_everybody_of_the_cast_can_log_in(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys, url="http://127.0.0.1:8123")
    kept = demo.read()
    assert kept is not None
    assert kept["url"] == "http://127.0.0.1:8123"
    assert {user["name"]: (user["tenant"], user["role"]) for user in kept["users"]} == {
        "alice": ("Acme", "author"),
        "bob": ("Acme", "author"),
        "edith": ("Acme", "editor"),
        "charlie": ("Globex", "author"),
        "erin": ("", "auditor"),
        "admin": ("", "superuser"),
    }
    for user in kept["users"]:
        account = User.objects.get(email=user["email"])
        assert account.check_password(user["password"])
        assert account.email_verified_at is not None
        roles = set(Membership.objects.filter(user=account).values_list("tenant__name", "role"))
        assert roles == ({(user["tenant"], user["role"])} if user["tenant"] else set())
    assert len({user["password"] for user in kept["users"]}) == len(kept["users"])


def test_the_passwords_are_for_the_owner_alone(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    assert stat.S_IMODE(demo.path().stat().st_mode) == 0o600
    assert json.loads(demo.path().read_text()).keys() == {"url", "users"}


def test_erin_sees_the_log_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    erin = User.objects.get(email="erin@bulwark.example")
    assert (erin.is_staff, erin.is_superuser) == (True, False)
    assert {permission.partition(".")[0] for permission in erin.get_all_permissions()} == {"bulwark_auditlog"}


def test_only_the_admin_is_a_superuser(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    assert [user.email for user in User.objects.filter(is_superuser=True)] == ["admin@bulwark.example"]
    assert User.objects.filter(is_staff=True).count() == 2


def test_there_is_something_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    assert Category.objects.count() == 3
    draft = Article.objects.get(pk=demo.DRAFT_ID)
    assert (draft.author.email, draft.status) == ("alice@acme.example", Status.DRAFT)
    held = Article.objects.get(legal_hold=True)
    assert held.author == draft.author
    for article in Article.objects.all():
        article.full_clean()
        who = principal_for(article.author, tenant=article.tenant_id)
        assert who.roles >= {"author"}


def test_a_second_run_changes_nothing_and_says_what_exists(capsys: pytest.CaptureFixture[str]) -> None:
    first = seed(capsys)
    before = demo.path().read_text()
    rows = {model: list(model.objects.order_by("pk").values()) for model in (User, Article, Category, Membership)}
    second = seed(capsys)
    assert demo.path().read_text() == before
    assert rows == {model: list(model.objects.order_by("pk").values()) for model in rows}
    passwords = [user["password"] for user in json.loads(before)["users"]]
    assert all(password in first for password in passwords)
    assert not any(password in second for password in passwords)
    assert "alice@acme.example" in second


def test_a_lost_file_is_written_again_with_new_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    old = demo.read()
    demo.path().unlink()
    printed = seed(capsys)
    new = demo.read()
    assert old is not None
    assert new is not None
    for before, after in zip(old["users"], new["users"], strict=True):
        assert before["password"] != after["password"]
        assert User.objects.get(email=after["email"]).check_password(after["password"])
        assert after["password"] in printed


def test_a_lost_database_gets_the_passwords_of_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    before = demo.read()
    Article.objects.all().delete()
    User.objects.all().delete()
    seed(capsys)
    assert demo.read() == before
    assert before is not None
    assert User.objects.get(email="alice@acme.example").check_password(before["users"][0]["password"])


def test_it_can_be_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    assert seed(capsys, verbosity=0) == ""


def test_no_password_is_easy_to_guess(capsys: pytest.CaptureFixture[str]) -> None:
    seed(capsys)
    for user in json.loads(demo.path().read_text())["users"]:
        assert re.fullmatch(r"[\w-]{16}", user["password"])
