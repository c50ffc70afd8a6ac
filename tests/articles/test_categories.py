import pytest

from articles.models import Category

from .api import Caller, codes

CATEGORIES = "/api/v1/categories/"


@pytest.fixture
def categories(db: None) -> None:
    for name in ("Gamma", "Alpha", "Beta"):
        Category.objects.create(name=name, slug=name.lower())


def test_everybody_reads_them_by_name(categories: None) -> None:
    answer = Caller().get(CATEGORIES).json()
    assert [row["name"] for row in answer["results"]] == ["Alpha", "Beta", "Gamma"]
    assert answer["results"][0].keys() == {"id", "name", "slug"}
    assert (answer["next"], answer["previous"]) == (None, None)


def test_they_are_paged(categories: None) -> None:
    first = Caller().get(CATEGORIES, {"limit": 2}).json()
    assert [row["name"] for row in Caller().get(first["next"]).json()["results"]] == ["Gamma"]


def test_a_bad_token_is_not_even_looked_at(categories: None) -> None:
    assert Caller().get(CATEGORIES, authorization="Bearer nonsense").status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_changes_them_here(categories: None, method: str) -> None:
    assert getattr(Caller().client, method)(CATEGORIES, {}).status_code == 405
    assert Category.objects.count() == 3


def test_unknown_parameters_are_refused(categories: None) -> None:
    assert codes(Caller().get(CATEGORIES, {"name": "Alpha"})) == {"/name": "unknown_parameter"}
