"""The cast. In Acme alice and bob write, edith edits, ada administers and vera only reads; charlie writes in Globex."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Category, Status
from authz.models import Membership, Tenant

BODY = "<p>Long enough to be an article: fifty characters and a few more of them.</p>"

MakeArticle = Callable[..., Article]


@pytest.fixture
def acme(db: None) -> Tenant:
    return Tenant.objects.create(name="Acme", slug="acme")


@pytest.fixture
def globex(db: None) -> Tenant:
    return Tenant.objects.create(name="Globex", slug="globex")


@pytest.fixture
def category(db: None) -> Category:
    return Category.objects.create(name="Engineering", slug="engineering")


def member(name: str, tenant: Tenant, role: str) -> User:
    user = User.objects.create_user(f"{name}@{tenant.slug}.example", name=name.capitalize())
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


@pytest.fixture
def alice(acme: Tenant) -> User:
    return member("alice", acme, "author")


@pytest.fixture
def bob(acme: Tenant) -> User:
    return member("bob", acme, "author")


@pytest.fixture
def edith(acme: Tenant) -> User:
    return member("edith", acme, "editor")


@pytest.fixture
def ada(acme: Tenant) -> User:
    return member("ada", acme, "admin")


@pytest.fixture
def vera(acme: Tenant) -> User:
    return member("vera", acme, "viewer")


@pytest.fixture
def charlie(globex: Tenant) -> User:
    return member("charlie", globex, "author")


@pytest.fixture
def make_article(category: Category) -> MakeArticle:
    """Write an article of an author into the author's tenant."""

    def make(author: User, **fields: Any) -> Article:
        if fields.get("status") == Status.PUBLISHED:
            fields.setdefault("published_at", timezone.now())
        tenant_id = Membership.objects.values_list("tenant_id", flat=True).get(user=author)
        values = {"title": "An article", "body": BODY, "category": category, "tenant_id": tenant_id, **fields}
        return Article.objects.create(author=author, **values)

    return make
