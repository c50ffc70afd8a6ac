"""The OpenAPI document names every problem that a route can answer with."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from edge.schema import problems

from . import urls


@pytest.fixture(scope="module")
def paths() -> Any:
    patterns = [pattern for pattern in urls.urlpatterns if "api/notes" in str(pattern.pattern)]
    generator: Any = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]
    return generator.get_schema()


def test_every_problem_is_documented(paths: Any) -> None:
    operation = paths["paths"]["/api/notes"]["post"]
    assert {"400", "403", "411", "413", "415", "422", "429", "500", "503"} <= set(operation["responses"])
    problem = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert problem == {"$ref": "#/components/schemas/Problem"}


def test_a_read_has_no_body_to_be_wrong(paths: Any) -> None:
    assert "413" not in paths["paths"]["/api/notes"]["get"]["responses"]


def test_the_problem_is_one_component(paths: Any) -> None:
    members = set(paths["components"]["schemas"]["Problem"]["properties"])
    assert members == {"type", "title", "status", "detail", "code", "request_id", "errors"}


def test_problems_are_named_by_status() -> None:
    assert set(problems(401, 404)) == {(401, "application/problem+json"), (404, "application/problem+json")}
