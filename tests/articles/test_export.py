import csv
import io
import json
from typing import Any

import pytest
from django.dispatch import Signal
from pytest_django import Settings

from accounts.models import User
from articles import signals
from articles.models import Article, Status

from .api import ARTICLES, Caller, codes
from .conftest import BODY, MakeArticle
from .test_writing import heard

EXPORT = f"{ARTICLES}export"


def content(response: Any) -> str:
    assert response.status_code == 200, response.content
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def rows(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(response), newline="")))


@pytest.fixture
def library(alice: User, bob: User, charlie: User, make_article: MakeArticle) -> None:
    make_article(alice, title="=HYPERLINK(1)", tags=["a", "b"])
    make_article(alice, title="Public words", status=Status.PUBLISHED)
    make_article(bob, title="Bob's words", status=Status.PUBLISHED)
    make_article(charlie, title="Globex's words", status=Status.PUBLISHED)


def test_an_author_takes_out_what_is_hers(alice: User, library: None) -> None:
    response = Caller(alice).get(EXPORT)
    assert response["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response["Content-Disposition"] == 'attachment; filename="articles.csv"'
    found = rows(response)
    assert [row["title"] for row in found] == ["Public words", "'=HYPERLINK(1)"]
    assert found[1]["tags"] == "a, b"
    assert found[1]["body"] == BODY


def test_an_editor_takes_out_what_is_the_tenant_s(edith: User, library: None) -> None:
    found = rows(Caller(edith).get(EXPORT, {"ordering": "title"}))
    assert [row["title"] for row in found] == ["'=HYPERLINK(1)", "Bob's words", "Public words"]
    assert found[0].keys() >= {"legal_hold", "version"}


def test_a_reader_takes_nothing_out(vera: User, library: None) -> None:
    assert Caller(vera).get(EXPORT).status_code == 403


def test_columns_are_those_of_the_role(alice: User, library: None) -> None:
    assert "legal_hold" not in content(Caller(alice).get(EXPORT)).splitlines()[0]


def test_lines_of_json(alice: User, library: None) -> None:
    response = Caller(alice).get(EXPORT, {"format": "ndjson", "status": "draft"})
    assert response["Content-Type"] == "application/x-ndjson"
    (line,) = content(response).splitlines()
    assert json.loads(line).items() >= {"title": "=HYPERLINK(1)", "tags": ["a", "b"], "status": "draft"}.items()


@pytest.mark.parametrize("accept", ["text/csv", "*/*", "application/json", "image/png"])
def test_the_parameter_names_the_format_not_the_header(alice: User, accept: str, library: None) -> None:
    assert content(Caller(alice).get(EXPORT, accept=accept)).startswith('"id","title"')


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"format": "xlsx"}, "invalid_choice"),
        ({"format": "CSV"}, "invalid_choice"),
        ({"format": ["csv", "ndjson"]}, "repeated_parameter"),
        ({"limit": "5"}, "unknown_parameter"),
        ({"cursor": "x"}, "unknown_parameter"),
        ({"status": "x"}, "invalid_choice"),
    ],
    ids=str,
)
def test_other_parameters_are_refused(alice: User, query: dict[str, Any], code: str) -> None:
    assert codes(Caller(alice).get(EXPORT, query)) == {f"/{next(iter(query))}": code}


def test_an_export_is_told_before_anything_leaves(alice: User, library: None) -> None:
    with heard(signals.articles_exported) as told:
        Caller(alice).get(EXPORT, {"format": "ndjson", "status": "draft"})
    (one,) = told
    assert (one["sender"], one["user"], one["target"], one["outcome"]) == (Article, alice, None, "success")
    assert one["data"] == {"format": "ndjson", "filters": {"status": "draft"}, "rows": 1}
    assert json.dumps(one["data"])


def test_what_cannot_be_recorded_does_not_leave(alice: User, library: None) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise RuntimeError("no audit, no export")

    signal: Signal = signals.articles_exported
    signal.connect(refuse)
    try:
        with pytest.raises(RuntimeError):
            Caller(alice).get(EXPORT)
    finally:
        signal.disconnect(refuse)


def test_an_export_that_is_too_large_is_refused_not_cut_short(alice: User, library: None, settings: Settings) -> None:
    settings.BULWARK_ARTICLES = {"MAX_EXPORT_ROWS": 1}
    assert codes(Caller(alice).get(EXPORT)) == {"": "too_many_rows"}
    assert len(rows(Caller(alice).get(EXPORT, {"status": "draft"}))) == 1


def test_exports_have_a_limit_of_their_own(alice: User, bob: User, library: None) -> None:
    alices = Caller(alice)
    answers = [alices.get(EXPORT) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert alices.get(ARTICLES).status_code == 200
    for answer in answers[:5]:
        content(answer)
