import csv
import io
import json
from collections.abc import Iterator

import pytest

from articles.exporting import Format, cell, write

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "|calc", "%0A", "＝1", "＋1", "－1", "＠x"]  # noqa: RUF001


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "text"), [("plain", "plain"), (None, ""), (True, "True"), (["a", "b"], "a, b"), ("", "")]
)
def test_other_values_stay_as_they_are(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_formula_in_a_list_becomes_text() -> None:
    assert cell(["=1", "b"]) == "'=1, b"


def test_separators_quotes_and_line_ends_stay_in_their_cell() -> None:
    title = 'a",=1+1,"b\r\n=2;\t=3'
    file = b"".join(write(Format.CSV, [{"id": "1", "title": title}], ["id", "title"])).decode()
    assert list(csv.reader(io.StringIO(file, newline=""))) == [["id", "title"], ["1", title]]
    assert file.startswith('"id","title"\r\n')


def test_an_export_of_nothing_has_a_header() -> None:
    assert b"".join(write(Format.CSV, [], ["id"])) == b'"id"\r\n'
    assert b"".join(write(Format.NDJSON, [], ["id"])) == b""


def test_ndjson_has_one_line_a_row() -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "title": "a\nb\u2028c", "hidden": 1},
        {"id": "2", "title": None, "hidden": 2},
    ]
    lines = b"".join(write(Format.NDJSON, rows, ["id", "title"])).decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"id": "1", "title": "a\nb\u2028c"},
        {"id": "2", "title": None},
    ]


def test_rows_are_written_as_they_come() -> None:
    taken = []

    def rows() -> Iterator[dict[str, str]]:
        for number in "12":
            taken.append(number)
            yield {"id": number}

    pieces = write(Format.CSV, rows(), ["id"])
    assert [next(pieces), next(pieces)] == [b'"id"\r\n', b'"1"\r\n']
    assert taken == ["1"]
