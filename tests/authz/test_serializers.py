"""Fields are built once for each set of roles, and anew where the host's code looks at the request."""

from typing import Any

import pytest
from rest_framework import serializers

from authz.drf.serializers import limited
from tests.authz.library.models import Book
from tests.authz.library.serializers import BookSerializer

ALL = frozenset({"viewer", "author", "editor"})
SOME = frozenset({"viewer"})


class Method(BookSerializer):
    title: Any = serializers.SerializerMethodField()

    def get_title(self, row: Book) -> str:
        return str(self.context["said"])


class Nested(BookSerializer):
    tenant: Any = serializers.SerializerMethodField()
    note: Any = BookSerializer()


class OwnField(serializers.CharField):
    def to_representation(self, value: Any) -> str:
        return str(self.context["said"])


class WithOwnField(BookSerializer):
    title = OwnField()


class WithOwnFields(BookSerializer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("status")


def shown(serializer: type[serializers.BaseSerializer[Any]], roles: frozenset[str] = ALL, **context: Any) -> Any:
    return limited(serializer, roles, "read")(Book(title="x"), context=context)


def test_the_class_is_the_same_for_the_same_roles() -> None:
    roles = [frozenset({"viewer", "author", "editor"}) for _ in range(2)]
    assert limited(BookSerializer, roles[0], "read") is limited(BookSerializer, roles[1], "read")
    assert limited(BookSerializer, ALL, "read") is not limited(BookSerializer, SOME, "read")
    assert limited(BookSerializer, ALL, "read") is not limited(BookSerializer, ALL, "update")


def test_plain_fields_are_shared_by_requests_and_not_by_roles() -> None:
    assert shown(BookSerializer).fields is shown(BookSerializer).fields
    assert set(shown(BookSerializer, SOME).data) == {"id", "title", "status"}


def test_shared_fields_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        shown(BookSerializer).fields.pop("title")


@pytest.mark.parametrize("serializer", [Method, WithOwnField])
def test_fields_that_look_at_the_request_see_their_own(serializer: type[BookSerializer]) -> None:
    assert [shown(serializer, said=word).data["title"] for word in ("a", "b")] == ["a", "b"]


@pytest.mark.parametrize("serializer", [Method, Nested, WithOwnField, WithOwnFields])
def test_fields_of_the_hosts_code_are_not_shared(serializer: type[BookSerializer]) -> None:
    assert shown(serializer, said="a").fields is not shown(serializer, said="a").fields


def test_a_host_may_take_fields_away() -> None:
    assert "status" not in shown(WithOwnFields).data
    assert "status" in shown(BookSerializer).data


def test_input_gets_fields_of_its_own() -> None:
    first, second = (limited(BookSerializer, ALL, "update")(Book(), data={"title": "x"}) for _ in range(2))
    assert first.fields is not second.fields  # type: ignore[attr-defined]
