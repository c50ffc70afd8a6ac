"""What is served is documented: the OpenAPI document against the URLconf. Under /api/ only v1 is served."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from rest_framework.schemas.generators import EndpointEnumerator

METHODS = ("get", "post", "put", "patch", "delete")
#: Views that describe the API and are no part of it, and standard documents that have a standard of their own.
UNDOCUMENTED = {"/api/v1/schema/", "/api/v1/docs/"}


def routes() -> Iterator[tuple[str, Any]]:
    """Yield every path of the URLconf as OpenAPI writes it, with its view."""
    enumerator = EndpointEnumerator()
    for route, view in _routes(get_resolver().url_patterns, ""):
        yield nameless(enumerator.get_path_from_regex(route)), view


def nameless(path: str) -> str:
    """Return ``path`` with its parameters' names left out: the document calls a `pk` by its field."""
    return re.sub(r"{\w+}", "{}", path)


def _routes(patterns: Iterable[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def methods_of(view: Any) -> set[str]:
    """Return the methods that a view answers."""
    cls = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if cls is None:
        return {"get"}
    actions = getattr(view, "actions", None)
    return set(actions or {name for name in METHODS if hasattr(cls, name)}) & set(METHODS)


API = [(path, view) for path, view in routes() if path.startswith("/api/")]
OAUTH = [(path, view) for path, view in routes() if path.startswith("/oauth/")]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]  # untyped
    return found


def test_every_route_of_the_api_is_documented(document: dict[str, Any]) -> None:
    served = {(path, method) for path, view in API + OAUTH if path not in UNDOCUMENTED for method in methods_of(view)}
    documented = {
        (nameless(path), method) for path, item in document["paths"].items() for method in item if method in METHODS
    }
    assert len(served) > 20
    assert len(OAUTH) == 3
    assert served - documented == set(), "served and not documented"
    assert documented - served == set(), "documented, not served"


def test_only_version_1_is_there() -> None:
    assert {path for path, _ in API if not path.startswith("/api/v1/")} == set()


@pytest.mark.parametrize(
    "path",
    [
        "/api/",
        "/api",
        "/api/v0/articles/",
        "/api/v2/articles/",
        "/api/articles/",
        "/API/v1/articles/",
        "/v1/articles/",
        "/api/v1",
        "/api//v1/articles/",
        "/api/v1/articles",
    ],
)
def test_nothing_else_answers(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_a_route_that_is_not_documented_would_be_found(document: dict[str, Any]) -> None:
    """The rule can fail: a document without a path lacks something that is served."""
    assert "/api/v1/articles/" in document["paths"]
    assert ("/api/v1/articles/", "get") in {(path, method) for path, view in API for method in methods_of(view)}
