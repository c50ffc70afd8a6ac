"""Attacks on who may do what, over the API of this project."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.mail import EmailMessage
from pytest_django import Settings

from accounts.models import User
from articles.models import Article, Category
from authz.files import loading
from authz.managers import UnscopedQuery
from authz.models import Membership, Tenant
from tests.accounts.mfa.devices import enrol_phone
from tests.articles.api import ARTICLES, Caller

from .main_job import fields, member

pytestmark = pytest.mark.django_db

Person = Callable[[str, str], User]


@pytest.fixture
def acme() -> Tenant:
    return Tenant.objects.create(name="Acme", slug="acme")


@pytest.fixture
def person(acme: Tenant) -> Person:
    def make(name: str, role: str) -> User:
        user = User.objects.create(email=f"{name}@example.com")
        Membership.objects.create(user=user, tenant=acme, role=role)
        return user

    return make


@pytest.fixture
def article(acme: Tenant, person: Person) -> Article:
    category = Category.objects.create(name="General", slug="general")
    alice = person("alice", "author")
    return Article.objects.create(tenant=acme, author=alice, category=category, title="A draft", body="x" * 60)


@pytest.fixture
def rules(tmp_path: Path, settings: Settings) -> Callable[[str], None]:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": tmp_path}
    (tmp_path / "freeze.toml").write_text("# none yet")  # a folder without a file would be no policy

    def write(kind: str) -> None:
        (tmp_path / "freeze.toml").write_text(
            f'[[{kind}]]\nmodel = "bulwark_articles.Article"\nactions = ["update", "delete"]\nwhy = "frozen"\n'
        )
        loading.refresh(at_once=True)

    return write


def test_a_stolen_password_does_not_do_what_asks_for_a_second_factor(
    tmp_path: Path, settings: Settings, mailoutbox: list[EmailMessage]
) -> None:
    settings.BULWARK_AUTHZ = {**settings.BULWARK_AUTHZ, "POLICY_FILES": tmp_path}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    rule = '[[forbid]]\nmodel = "bulwark_articles.Article"\nactions = ["create"]\nwhen = "~env.mfa"\nwhy = "MFA"\n'
    (tmp_path / "mfa.toml").write_text(rule)
    loading.refresh(at_once=True)
    owner = member("dora@example.com", mailoutbox)

    assert owner.send("POST", ARTICLES, fields()).status_code == 403
    enrol_phone(owner)  # shown in this session
    assert owner.send("POST", ARTICLES, fields()).status_code == 201
    settings.BULWARK_AUTHZ = {name: value for name, value in settings.BULWARK_AUTHZ.items() if name != "MFA"}
    assert owner.send("POST", ARTICLES, fields()).status_code == 403  # where nothing tells of it, it was not shown


def test_a_freeze_stops_an_editor_at_once_and_a_misspelt_one_does_not_thaw_it(
    article: Article, person: Person, rules: Callable[[str], None]
) -> None:
    editor = Caller(person("dora", "editor"))
    url = f"{ARTICLES}{article.pk}/"
    assert editor.patch(url, {"title": "Changed"}, match="*").status_code == 200
    rules("forbid")
    refused = editor.patch(url, {"title": "Changed again"}, match="*")
    assert (refused.status_code, "frozen" in refused.json()["detail"]) == (403, True)
    rules("Deny")
    assert editor.delete(url, match="*").status_code == 403
    assert Article._base_manager.get().title == "Changed"


def test_a_first_file_with_a_misspelt_freeze_opens_nothing(
    article: Article, person: Person, rules: Callable[[str], None]
) -> None:
    rules("Deny")
    assert Caller(person("dora", "editor")).delete(f"{ARTICLES}{article.pk}/").status_code in {403, 404}
    assert Article._base_manager.exists()


def test_a_view_that_forgets_the_policy_tells_nothing(
    article: Article, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later change of ours reads articles by their manager: the request ends before a row is read."""
    from articles.views.articles import ArticleViewSet

    def forgetful(self: ArticleViewSet, *_args: object, **_kwargs: object) -> object:
        return [other.title for other in Article.objects.all()]

    monkeypatch.setattr(ArticleViewSet, "list", forgetful)
    with pytest.raises(UnscopedQuery):
        Caller(person("bob", "viewer")).get(ARTICLES)
