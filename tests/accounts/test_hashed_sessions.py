"""Sessions whose keys are nowhere but in the cookie."""

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DjangosStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.hashed_sessions import SessionStore, stored_key
from accounts.models import User
from tests.accounts.pages import Visitor

pytestmark = pytest.mark.django_db

Do = Callable[..., Any]


@pytest.fixture(params=["sync", "async"])
def do(request: pytest.FixtureRequest) -> Do:
    """Call a method of a store by its name, or its asynchronous twin."""

    def call(store: SessionStore, name: str, *args: Any) -> Any:
        if request.param == "sync":
            return getattr(store, name)(*args)
        return async_to_sync(getattr(store, f"a{name}"))(*args)

    return call


@pytest.fixture
def kept(do: Do) -> SessionStore:
    """A session with something in it, in the database."""
    store = SessionStore()
    store["basket"] = "eggs"
    do(store, "save")
    return store


def key_of(store: SessionStore) -> str:
    assert store.session_key is not None
    return store.session_key


def rows() -> list[str]:
    return list(Session.objects.values_list("session_key", flat=True))


def test_this_project_uses_it() -> None:
    assert import_module(django_settings.SESSION_ENGINE).SessionStore is SessionStore


def test_a_row_has_the_digest_and_the_cookie_has_the_key(kept: SessionStore, do: Do) -> None:
    key = key_of(kept)
    assert rows() == [stored_key(key)] != [key]
    assert len(stored_key(key)) == 40  # what the column of Django's model holds
    again = SessionStore(key)
    assert do(again, "load") == {"basket": "eggs"}
    assert again.session_key == key
    assert Session.objects.get().get_decoded() == {"basket": "eggs"}


def test_what_a_copy_of_the_table_shows_opens_nothing(kept: SessionStore, do: Do) -> None:
    (row,) = rows()
    thief = SessionStore(row)
    assert (do(thief, "load"), thief.session_key) == ({}, None)
    assert not do(kept, "exists", row)


def test_a_key_that_nobody_gave_out_becomes_no_session(do: Do) -> None:
    planted = SessionStore("planted-by-mallory-0123456789abcd")
    assert do(planted, "load") == {}
    planted["basket"] = "mallory's"
    do(planted, "save")
    assert key_of(planted) != "planted-by-mallory-0123456789abcd"
    assert rows() == [stored_key(key_of(planted))]


def test_a_row_of_djangos_engine_is_not_found(do: Do) -> None:
    old = DjangosStore()
    old["basket"] = "eggs"
    old.save()
    found = SessionStore(old.session_key)
    assert (do(found, "load"), found.session_key) == ({}, None)


def test_a_key_exists_until_it_is_deleted(kept: SessionStore, do: Do) -> None:
    key, other = key_of(kept), SessionStore()
    assert do(other, "exists", key)
    do(other, "delete")  # of no session: nothing
    do(other, "delete", "0" * 32)
    assert do(other, "exists", key)
    do(other, "delete", key)
    assert not do(other, "exists", key)
    do(kept, "delete")  # gone already
    assert rows() == []


def test_a_change_is_kept_in_the_same_row(kept: SessionStore, do: Do) -> None:
    kept["basket"] = "flour"
    do(kept, "save")
    assert do(SessionStore(key_of(kept)), "load") == {"basket": "flour"}
    assert len(rows()) == 1


def test_a_session_that_was_ended_meanwhile_does_not_come_back(kept: SessionStore, do: Do) -> None:
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        do(kept, "save")
    assert rows() == []


def test_a_new_key_takes_the_contents_along(kept: SessionStore, do: Do) -> None:
    old = key_of(kept)
    do(kept, "cycle_key")
    do(kept, "save")
    assert rows() == [stored_key(key_of(kept))] != [stored_key(old)]
    assert do(SessionStore(key_of(kept)), "load") == {"basket": "eggs"}
    assert do(SessionStore(old), "load") == {}


def test_a_flush_leaves_nothing(kept: SessionStore, do: Do) -> None:
    do(kept, "flush")
    assert (kept.session_key, rows()) == (None, [])


def test_what_has_run_out_is_not_found_and_is_cleared(kept: SessionStore, do: Do) -> None:
    with time_machine.travel(timezone.now() + timedelta(seconds=django_settings.SESSION_COOKIE_AGE + 1), tick=False):
        fresh = SessionStore()
        do(fresh, "save")
        assert do(SessionStore(key_of(kept)), "load") == {}
        assert len(rows()) == 2
        do(fresh, "clear_expired")
        assert rows() == [stored_key(key_of(fresh))]
    with time_machine.travel(timezone.now() + timedelta(days=30), tick=False):
        call_command("clearsessions")
        assert rows() == []


@pytest.mark.parametrize("value", ["short", "\x00" * 32, "ä" * 40, "x" * 4000, "'; DROP TABLE django_session; --"])
def test_a_cookie_of_nonsense_is_nobodys(value: str, do: Do) -> None:
    store = SessionStore(value)
    assert (do(store, "load"), do(store, "exists", value)) == ({}, False)
    client = Client()
    client.cookies["sessionid"] = value
    assert client.get("/account/logout", secure=True).status_code == 200


def test_a_copied_row_opens_no_page(alice: User) -> None:
    visitor, thief = Visitor(), Visitor()
    visitor.log_in(alice.email)
    (thief.cookies["sessionid"],) = rows()
    assert not thief.is_logged_in
    assert visitor.is_logged_in
