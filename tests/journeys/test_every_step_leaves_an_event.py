"""A day of alice and of those who try her doors: each step is one event that tells who, what, whence and how it ended,
and no event tells a password or a token."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from articles.models import Article, Category, Status
from auditlog.models import Event
from authz.models import Membership, Tenant

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"
BODY = "<p>Long enough to be an article: fifty characters and a few more of them.</p>"
AGENT = "journey/1.0"


@dataclass
class Person:
    """Somebody at a keyboard, who remembers every secret that they typed or got."""

    address: str = "192.0.2.10"
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))
    access: str = ""
    refresh: str = ""
    secrets: set[str] = field(default_factory=lambda: {PASSWORD})

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        bearer = {"Authorization": f"Bearer {self.access}"} if self.access else {}
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"User-Agent": AGENT, **bearer, **headers},
            REMOTE_ADDR=self.address,
            secure=True,
        )

    def log_in(self, email: str, password: str = PASSWORD) -> Any:
        self.secrets.add(password)
        return self.take(self.call("POST", "auth/login", {"email": email, "password": password, "transport": "body"}))

    def rotate(self, token: str) -> Any:
        return self.take(self.call("POST", "auth/refresh", {"refresh": token}))

    def take(self, response: Any) -> Any:
        if response.status_code == 200:
            body = response.json()
            self.access, self.refresh = body["access"], body["refresh"]
            self.secrets |= {self.access, self.refresh, self.refresh.rpartition(".")[2]}
        return response


@dataclass
class Witness:
    """Looks at the log after each step."""

    people: list[Person] = field(default_factory=list)
    seen: int = 0

    def __call__(self, response: Any, status: int, expected: str, outcome: str, **columns: Any) -> Event:
        """Assert that the step made exactly one event, with these columns, and return it."""
        assert response.status_code == status, response.content
        fresh = list(Event.objects.order_by("seq")[self.seen :])
        self.seen += len(fresh)
        assert [event.type for event in fresh] == [expected]
        (event,) = fresh
        assert event.outcome == outcome
        assert event.request_id == response.headers["X-Request-ID"]
        assert event.user_agent == AGENT
        assert event.status == (None if outcome == "success" else status)
        assert {name: getattr(event, name) for name in columns} == columns
        assert event.dropped == 0, "a field of this signal is not on the list of its type"
        self.no_secret(event)
        return event

    def no_secret(self, event: Event) -> None:
        told = json.dumps({name: str(value) for name, value in vars(event).items()}, ensure_ascii=False)
        for person in self.people:
            assert [secret for secret in person.secrets if secret in told] == []

    def forget(self) -> None:
        self.seen = Event.objects.count()


@pytest.fixture
def acme(db: None) -> Tenant:
    return Tenant.objects.create(name="Acme", slug="acme")


def member(name: str, tenant: Tenant, role: str) -> User:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name, email_verified_at=timezone.now())
    Membership.objects.create(user=user, tenant=tenant, role=role)
    return user


@pytest.fixture
def alice(acme: Tenant) -> User:
    return member("alice", acme, "author")


@pytest.fixture
def bob(acme: Tenant) -> User:
    return member("bob", acme, "author")


@pytest.fixture
def witness(alice: User, bob: User) -> Witness:
    witness = Witness()
    witness.forget()
    return witness


def test_a_session(witness: Witness, alice: User, acme: Tenant) -> None:
    person = Person()
    witness.people.append(person)
    who = {"actor_type": "user", "actor_id": str(alice.pk), "actor_label": "alice@example.com", "src_ip": "192.0.2.10"}

    login = witness(person.log_in("alice@example.com"), 200, "accounts.login_succeeded", "success", **who)
    assert (login.session, login.tenant) == (login.target_id, str(acme.pk))
    assert (login.method, login.route) == ("POST", "api/v1/auth/login")
    here = {**who, "session": login.session, "tenant": str(acme.pk), "target_id": login.session}

    first = person.refresh
    witness(person.rotate(first), 200, "accounts.token_rotated", "success", **here)
    witness(person.rotate(first), 200, "accounts.token_rotation_repeated", "success", **here)
    second = person.refresh
    witness(person.rotate(second), 200, "accounts.token_rotated", "success", **here)
    access = person.access

    witness(person.rotate(first), 401, "accounts.token_reuse_detected", "refused", severity=4, **here)
    witness(person.rotate(second), 401, "accounts.token_used_after_revocation", "refused", **here)

    person.access = access
    witness(person.call("GET", "auth/me"), 401, "accounts.token_rejected", "refused", actor_type="anonymous")


def test_a_logout(witness: Witness, alice: User) -> None:
    person = Person()
    witness.people.append(person)
    login = witness(person.log_in("alice@example.com"), 200, "accounts.login_succeeded", "success")

    out = person.call("POST", "auth/logout", {"refresh": person.refresh})

    witness(out, 204, "accounts.logged_out", "success", session=login.session, actor_label="alice@example.com")


@pytest.mark.parametrize(
    ("email", "password", "reason", "actor"),
    [
        ("alice@example.com", "wrong horse battery staple", "wrong_password", "alice@example.com"),
        ("nobody@example.com", "wrong horse battery staple", "unknown_account", ""),
        ("the-password-typed-into-the-wrong-field@hunter2.example", "wrong again", "unknown_account", ""),
    ],
)
def test_a_refused_login(email: str, password: str, reason: str, actor: str, witness: Witness) -> None:
    person = Person()
    witness.people.append(person)

    event = witness(person.log_in(email, password), 401, "accounts.login_failed", "refused", reason=reason)

    assert event.actor_label == actor
    assert "hunter2" not in str(vars(event))


def test_guessing_is_throttled(witness: Witness) -> None:
    person = Person()
    witness.people.append(person)
    for _ in range(5):
        witness(person.log_in("alice@example.com", "guess"), 401, "accounts.login_failed", "refused")

    event = witness(person.log_in("alice@example.com", "guess"), 429, "edge.request_throttled", "refused")

    assert event.route == "api/v1/auth/login"
    assert event.data["retry_after"] > 0


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"email": "alice@example.com"}, "edge.validation_failed"), ({"email": 1, "x": []}, "edge.validation_failed")],
)
def test_invalid_input(body: Any, expected: str, witness: Witness) -> None:
    response = Person().call("POST", "auth/login", body)

    event = witness(response, 422, expected, "refused")

    assert event.data["errors"]


def test_a_malformed_body(witness: Witness) -> None:
    client = Client(raise_request_exception=False)

    response = client.post(
        "/api/v1/auth/login", "{", content_type="application/json", headers={"User-Agent": AGENT}, secure=True
    )

    witness(response, 400, "edge.request_refused", "refused")


def test_the_life_of_an_article(witness: Witness, alice: User, bob: User, acme: Tenant) -> None:
    category = Category.objects.create(name="Engineering", slug="engineering")
    author, other = Person(), Person("192.0.2.20")
    witness.people += [author, other]
    login = witness(author.log_in("alice@example.com"), 200, "accounts.login_succeeded", "success")
    witness(other.log_in("bob@example.com"), 200, "accounts.login_succeeded", "success")
    about = {"actor_id": str(alice.pk), "tenant": str(acme.pk), "session": login.session, "src_ip": "192.0.2.10"}

    made = author.call("POST", "articles/", {"title": "How to keep a log", "body": BODY, "category": str(category.pk)})
    created = witness(made, 201, "articles.article_created", "success", target_type="bulwark_articles.article", **about)
    assert created.changes["title"] == {"before": None, "after": "How to keep a log"}
    about["target_id"] = created.target_id
    path = f"articles/{created.target_id}/"

    denied = witness(
        other.call("PATCH", path, {"title": "Mine now"}, **{"If-Match": "*"}), 404, "authz.access_denied", "refused"
    )
    assert (denied.actor_id, denied.src_ip) == (str(bob.pk), "192.0.2.20")

    changed = author.call("PATCH", path, {"title": "How to keep a diary"}, **{"If-Match": made.headers["ETag"]})
    updated = witness(changed, 200, "articles.article_updated", "success", **about)
    assert updated.changes["title"] == {"before": "How to keep a log", "after": "How to keep a diary"}

    refused = author.call("PATCH", path, {"title": "x"}, **{"If-Match": changed.headers["ETag"]})
    witness(refused, 422, "edge.validation_failed", "refused", actor_id=str(alice.pk))

    removed = author.call("DELETE", path, **{"If-Match": changed.headers["ETag"]})
    witness(removed, 204, "articles.article_deleted", "success", **about)


def test_a_published_article_of_somebody_else_is_not_changed(witness: Witness, alice: User, acme: Tenant) -> None:
    category = Category.objects.create(name="Engineering", slug="engineering")
    article = Article.objects.create(
        title="Published",
        body=BODY,
        category=category,
        author=alice,
        tenant=acme,
        status=Status.PUBLISHED,
        published_at=timezone.now(),
    )
    witness.forget()
    person = Person()
    witness.people.append(person)
    witness(person.log_in("bob@example.com"), 200, "accounts.login_succeeded", "success")

    denied = person.call("PATCH", f"articles/{article.pk}/", {"title": "Mine now"}, **{"If-Match": "*"})

    event = witness(denied, 403, "authz.access_denied", "refused", target_id=str(article.pk))
    assert event.target_label == str(article)


def test_reading_leaves_no_event(witness: Witness) -> None:
    person = Person()
    witness.people.append(person)
    witness(person.log_in("alice@example.com"), 200, "accounts.login_succeeded", "success")

    assert person.call("GET", "articles/").status_code == 200
    assert person.call("GET", "auth/me").status_code == 200

    assert Event.objects.count() == witness.seen


def test_a_login_to_the_admin(witness: Witness) -> None:
    admin = User.objects.create_superuser("admin@example.com", PASSWORD)
    client = Client(headers={"User-Agent": AGENT})
    witness.people.append(Person())

    def post(password: str) -> Any:
        return client.post("/account/login", {"identifier": "admin@example.com", "password": password}, secure=True)

    assert client.get("/admin/login/", secure=True).headers["Location"] == "/account/login?next=%2Fadmin%2F"
    witness(post("wrong horse"), 422, "accounts.login_failed", "refused", actor_id=str(admin.pk))
    witness(post(PASSWORD), 302, "accounts.login_succeeded", "success", actor_id=str(admin.pk))
    out = client.post("/admin/logout/", secure=True)
    witness(out, 200, "accounts.logged_out", "success", actor_id=str(admin.pk))


def test_a_registration(witness: Witness) -> None:
    person = Person()
    witness.people.append(person)

    response = person.call("POST", "auth/register", {"email": "new@example.com", "password": PASSWORD, "name": "New"})

    event = witness(response, 202, "accounts.user_registered", "success")
    assert event.data == {"known": False}
