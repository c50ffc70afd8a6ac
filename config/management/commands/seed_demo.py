"""Fills a development database with the cast of the demo, and a few articles to look at."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Category, Status
from articles.writing import create
from authz.models import Membership, Tenant
from config import demo
from config.demo_articles import ARTICLES, CATEGORIES

TENANTS = {"acme": "Acme", "globex": "Globex"}
#: Name, tenant and role; who is in no tenant works in the admin.
CAST = (
    ("alice", "acme", "author"),
    ("bob", "acme", "author"),
    ("edith", "acme", "editor"),
    ("charlie", "globex", "author"),
    ("erin", "", "auditor"),
    ("admin", "", "superuser"),
)


class Command(BaseCommand):
    help = "Creates the demo's users, tenants, categories and articles; what exists already stays as it is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="Where the demo is served.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Seed, keep the accounts in `.local/demo.json`, and print them; passwords are printed only when they are new.

        :raises CommandError: DEBUG is off: accounts whose passwords lie in a file are for a development machine.
        """
        if not settings.DEBUG:
            raise CommandError("seed_demo makes accounts with passwords in a file: it runs with DEBUG on only.")
        known = demo.read()
        passwords = {user["name"]: user["password"] for user in known["users"]} if known else {}
        with transaction.atomic():
            users = {name: _user(name, tenant, role, passwords) for name, tenant, role in CAST}
            _articles(users)
        entries = [_entry(users[name], name, tenant, role, passwords) for name, tenant, role in CAST]
        seeded: demo.Demo = {"url": options["url"], "users": entries}
        if seeded != known:
            demo.write(seeded)
        if options["verbosity"]:
            is_new = known is None or seeded["users"] != known["users"]
            self.stdout.write(demo.greeting(seeded, with_passwords=is_new))


def _entry(user: User, name: str, tenant: str, role: str, passwords: dict[str, str]) -> demo.DemoUser:
    return {
        "name": name,
        "email": user.email,
        "password": passwords[name],
        "tenant": TENANTS.get(tenant, ""),
        "role": role,
    }


def _user(name: str, tenant: str, role: str, passwords: dict[str, str]) -> User:
    """Return a member of the cast, made if need be; a password that is not known any more is replaced."""
    email = f"{name}@{tenant or 'bulwark'}.example"
    user = User.objects.filter(email=email).first()
    if user is None or name not in passwords:
        passwords.setdefault(name, secrets.token_urlsafe(12))
        user = user or User(email=email, name=name.capitalize(), email_verified_at=timezone.now())
        user.is_staff = not tenant
        user.is_superuser = role == "superuser"
        user.set_password(passwords[name])
        user.save()
    if role == "auditor":
        user.user_permissions.set(Permission.objects.filter(content_type__app_label="bulwark_auditlog"))
    if tenant:
        home, _ = Tenant.objects.get_or_create(slug=tenant, defaults={"name": TENANTS[tenant]})
        Membership.objects.get_or_create(user=user, tenant=home, role=role)
    return user


def _articles(users: dict[str, User]) -> None:
    categories = {
        slug: Category.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in CATEGORIES.items()
    }
    tenants = {tenant.slug: tenant for tenant in Tenant.objects.filter(slug__in=TENANTS)}
    homes = {name: tenant for name, tenant, _role in CAST}
    for slug, seed in ARTICLES.items():
        key = demo.DRAFT_ID if slug == "alice-draft" else uuid.uuid5(demo.DRAFT_ID, slug)
        if Article.objects.filter(pk=key).exists():
            continue
        author = users[seed["author"]]
        article = Article(
            id=key,
            tenant=tenants[homes[seed["author"]]],
            author=author,
            category=categories[seed["category"]],
            title=seed["title"],
            body=seed["body"],
            tags=seed["tags"],
            legal_hold=seed["legal_hold"],
            status=seed["status"],
            published_at=timezone.now() if seed["status"] == Status.PUBLISHED else None,
        )
        create(article, request=None, user=author)
