"""Bulk routes: each row is decided about, before and after, and one that may not be so used refuses all."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.authz.conftest import Cast, Heard
from tests.authz.library.models import Book

pytestmark = [pytest.mark.urls("tests.authz.library.urls"), pytest.mark.django_db]
Client = Callable[[str], APIClient]
Make = Callable[..., Book]


def test_bulk_changes_are_decided_row_by_row_and_all_or_none(client_of: Client, book: Make, cast: Cast) -> None:
    one, two, held = book(title="1"), book(title="2"), book(title="3", on_hold=True)
    theirs = book(title="4", tenant=cast.other)
    dora = client_of("dora")

    def change(*rows: Book) -> int:
        return dora.patch(
            "/books/bulk/", {"ids": [str(row.pk) for row in rows], "values": {"title": "new"}}
        ).status_code

    assert change(one, two, held) == 403
    assert change(one, two, theirs) == 404
    assert set(Book.objects.values_list("title", flat=True)) == {"1", "2", "3", "4"}
    assert change(one, two) == 200
    assert set(Book.objects.values_list("title", flat=True)) == {"new", "3", "4"}


@pytest.mark.parametrize("values", [{"status": "published"}, {"tenant_id": None}])
def test_a_bulk_handler_that_saves_by_itself_is_checked_after_too(
    client_of: Client, book: Make, heard: Heard, values: dict[str, Any]
) -> None:
    one, two = book(), book()
    alice, path, ids = client_of("alice"), "/books/bulk_save/", [str(one.pk), str(two.pk)]
    assert alice.post(path, {"ids": ids, "values": {"title": "new"}}).status_code == 200
    assert alice.post(path, {"ids": ids, "values": values}).status_code == 403
    assert set(Book.objects.values_list("title", "status", "tenant")) == {("new", "draft", one.tenant_id)}
    assert len(heard.named("access_denied")) == 1


def test_a_bulk_create_gets_presets_and_fields_row_by_row(client_of: Client, cast: Cast) -> None:
    made = client_of("alice").post("/books/bulk_create/", [{"title": "1"}, {"title": "2"}])
    assert (made.status_code, len(made.data)) == (200, 2)
    assert set(Book.objects.values_list("owner", "tenant")) == {(cast.alice.pk, cast.acme.pk)}
    assert (
        client_of("alice").post("/books/bulk_create/", [{"title": "3"}, {"title": "4", "pages": 1}]).status_code == 422
    )
    assert client_of("bob").post("/books/bulk_create/", [{"title": "5"}]).status_code == 403
    assert Book.objects.count() == 2


def test_a_bulk_delete_is_decided_row_by_row(client_of: Client, book: Make, cast: Cast) -> None:
    draft, published = book(), book(status="published")
    answer = client_of("alice").delete("/books/bulk_delete/", {"ids": [str(draft.pk), str(published.pk)]})
    assert (answer.status_code, Book.objects.count()) == (403, 2)
    assert client_of("alice").delete("/books/bulk_delete/", {"ids": [str(draft.pk)]}).status_code == 204
    assert client_of("alice").delete("/books/bulk_delete/", {"ids": ["nonsense"]}).status_code == 404


def test_a_bulk_change_of_the_scoped_rows_is_decided_by_the_filter(client_of: Client, book: Make, cast: Cast) -> None:
    book(title="mine")
    book(title="held", on_hold=True)
    book(title="theirs", tenant=cast.other)
    assert client_of("dora").patch("/books/bulk_scoped/").data == 1
    assert set(Book.objects.values_list("title", flat=True)) == {"changed", "held", "theirs"}
