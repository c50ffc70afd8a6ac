"""The cast: alice owns, bob shares her tenant, charlie has another, dora edits, nobody is new."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.dispatch import Signal
from rest_framework.test import APIClient

from authz import signals
from authz.models import Membership, Tenant
from authz.principals import Principal, principal_for
from tests.authz.library.models import Book


@dataclass
class Cast:
    acme: Tenant
    other: Tenant
    people: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def principal(self, name: str) -> Principal:
        tenant = self.other if name == "charlie" else self.acme
        return principal_for(self.people[name], tenant=tenant.pk)


@pytest.fixture
def cast(db: None) -> Cast:
    acme, other = (Tenant.objects.create(name=name, slug=name) for name in ("acme", "other"))
    users = get_user_model().objects
    people = {name: users.create(email=f"{name}@example.com") for name in ("alice", "bob", "charlie", "dora", "nobody")}
    for name, tenant, role in [
        ("alice", acme, "author"),
        ("bob", acme, "viewer"),
        ("charlie", other, "editor"),
        ("dora", acme, "editor"),
    ]:
        Membership.objects.create(user=people[name], tenant=tenant, role=role)
    return Cast(acme, other, people)


@pytest.fixture
def client_of(cast: Cast) -> Callable[[str], APIClient]:
    def make(name: str) -> APIClient:
        client = APIClient()
        if name:
            client.force_authenticate(getattr(cast, name))
        return client

    return make


@pytest.fixture
def book(cast: Cast) -> Callable[..., Book]:
    def make(**values: Any) -> Book:
        return Book.objects.create(**{"tenant": cast.acme, "owner": cast.alice, "title": "a book", **values})

    return make


@dataclass
class Heard:
    """The signals that were sent, in order."""

    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for heard, event in self.events if heard == name]


@pytest.fixture
def heard() -> Iterator[Heard]:
    found = Heard()
    connected: list[tuple[Signal, Any]] = []
    for name, signal in vars(signals).items():
        if isinstance(signal, Signal):

            def listen(name: str = name, **event: Any) -> None:
                found.events.append((name, event))

            signal.connect(listen, weak=False)
            connected.append((signal, listen))
    yield found
    for signal, listen in connected:
        signal.disconnect(listen)
