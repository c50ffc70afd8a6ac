"""The answers of pycasbin's own tests, where its models say what can be said here."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from authz.testing import disagreements
from tests.authz.casbin import Case, left_out
from tests.authz.library.models import Book

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    folder = os.environ.get("VECTORS_DIR")
    if not folder:
        pytest.skip("VECTORS_DIR names no folder with casbin_triples.json")
    found: list[dict[str, Any]] = json.loads((Path(folder) / "casbin_triples.json").read_text())
    return found


def test_all_answers_agree(vectors: list[dict[str, Any]]) -> None:
    tried = 0
    for vector in vectors:
        if left_out(vector):
            continue
        case = Case(vector["model"], vector["policy"], vector["request"])
        action, who, row = case.action(), case.principal(), case.row
        assert action.check(who, row) is vector["allow"], vector
        row.save()
        assert disagreements(who, action, Book.objects.all()) == [], vector
        row.delete()
        tried += 1
    assert tried == 85


def test_what_is_left_out_is_known(vectors: list[dict[str, Any]]) -> None:
    reasons = Counter(left_out(vector) for vector in vectors)
    assert {reason.split(":")[0]: count for reason, count in reasons.items()} == {
        "": 85,
        "patterns of paths and names": 42,
        "roles under conditions that are functions of the test": 68,
        "rules that are evaluated as code": 1,
        "rules that count by their order": 29,
    }
