"""The SQL that is made once says what Django would say each time."""

from uuid import uuid4

import pytest
from django.db import connection
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import sessions
from accounts.login import start_session
from accounts.models import TokenFamily, User
from accounts.prepared import PreparedLookup, PreparedUpdate
from tests.accounts.conftest import make_user

#: An annotation, as SESSION_ANNOTATIONS adds them.
SHOUT = Upper("label")


@pytest.fixture
def family(alice: User, call: HttpRequest) -> TokenFamily:
    return start_session(alice, transport="body", amr=["pwd"], request=call, now=timezone.now()).family


def lookup() -> PreparedLookup[TokenFamily]:
    return PreparedLookup(TokenFamily.objects.annotate(shout=SHOUT), "default", related="user")


def test_the_row_is_what_the_orm_gives(family: TokenFamily) -> None:
    ready = lookup()
    with CaptureQueriesContext(connection) as queries:
        found = ready.get(family.pk)
        assert found is not None
        assert found.user.email == "alice@example.com"
    assert len(queries) == 1
    expected = TokenFamily.objects.annotate(shout=SHOUT).select_related("user").get(pk=family.pk)
    assert {**vars(found), "_state": None} == {**vars(expected), "_state": None}
    assert vars(found)["shout"] == "CURL"
    assert {**vars(found.user), "_state": None} == {**vars(expected.user), "_state": None}
    assert (found._state.db, found._state.adding) == ("default", False)


def test_a_key_may_be_text_and_may_be_nobodys(family: TokenFamily) -> None:
    ready = lookup()
    assert ready.get(str(family.pk)) == family
    assert ready.get(uuid4()) is None
    assert ready.get(family.pk) == family  # one call leaves nothing behind for the next


def test_the_session_is_only_its_users(family: TokenFamily) -> None:
    bob = make_user("bob")
    assert sessions.find(family.pk, family.user_id) == family
    assert sessions.find(family.pk, bob.pk) is None


def test_an_update_names_all_of_its_conditions(family: TokenFamily) -> None:
    ready = PreparedUpdate(TokenFamily, "default", changed=["label"], equal=["id", "generation"], null=["revoked_at"])
    assert not ready.run(["other generation"], (family.pk, 2))
    assert not ready.run(["other session"], (uuid4(), 1))
    assert ready.run(["new"], (family.pk, 1))
    sessions.end(family, now=timezone.now(), reason="logout")
    assert not ready.run(["ended"], (family.pk, 1))
    assert TokenFamily.objects.get().label == "new"
