from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.urls("tests.edge.urls")


def errors_of(client: Client, body: Any) -> dict[str, str]:
    answer = client.post("/api/notes", body, content_type="application/json")
    assert answer.status_code == 422, answer.content
    return {error["pointer"]: error["code"] for error in answer.json()["errors"]}


def test_an_unknown_field_is_refused(client: Client) -> None:
    assert errors_of(client, {"title": "a", "is_admin": True}) == {"/is_admin": "unknown_field"}


def test_a_field_that_is_only_read_is_unknown_to_writers(client: Client) -> None:
    assert errors_of(client, {"title": "a", "shown": "x"}) == {"/shown": "unknown_field"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 5),
        ("title", True),
        ("title", ["a"]),
        ("title", {"a": 1}),
        ("size", "5"),
        ("size", True),
        ("size", 5.0),
        ("is_open", "yes"),
        ("is_open", 1),
        ("tags", [1]),
        ("tags", ["a", None, 2]),
    ],
)
def test_json_of_another_type_is_refused(client: Client, field: str, value: object) -> None:
    assert errors_of(client, {"title": "a", field: value}) == {f"/{field}": "invalid_type"}


@pytest.mark.parametrize("blank", [" ", "\t", "\x1d", "\u2003"])
def test_length_is_counted_as_it_was_sent(client: Client, blank: str) -> None:
    assert errors_of(client, {"title": blank + "a" * 10}) == {"/title": "max_length"}
    assert errors_of(client, {"title": "a", "tags": ["b", "ccccc" + blank]}) == {"/tags/1": "max_length"}


def test_what_is_long_enough_is_not_too_long(client: Client) -> None:
    body = {"title": " " + "a" * 9, "tags": ["ccccc"]}
    got = client.post("/api/notes", body, content_type="application/json").json()["got"]
    assert got == {"title": "a" * 9, "tags": ["ccccc"]}


def test_null_is_the_fields_own_matter(client: Client) -> None:
    assert errors_of(client, {"title": None}) == {"/title": "null"}


def test_a_body_that_is_no_object_is_invalid(client: Client) -> None:
    assert errors_of(client, [1, 2]) == {"": "invalid"}


def test_a_password_is_taken_as_it_was_typed(client: Client) -> None:
    answer = client.post("/api/notes", {"title": " a ", "password": "  pass word  "}, content_type="application/json")
    assert answer.json()["got"] == {"title": "a", "password": "  pass word  "}


def test_what_fits_is_taken(client: Client) -> None:
    body = {"title": "a", "size": 3, "is_open": False, "tags": ["x"]}
    assert client.post("/api/notes", body, content_type="application/json").json() == {"got": body}
