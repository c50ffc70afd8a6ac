"""Project Wycheproof's vectors for JSON Web Signatures and Keys. They are not copied into this repository."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import jose
from accounts.errors import TokenRefused

FOLDER = os.environ.get("VECTORS_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="VECTORS_DIR is unset: the folder with Wycheproof's vectors")

# Valid by the RFC or by the vectors' authors, and refused here on purpose:
STRICTER = {
    "Figure20": "the token's algorithm is another than the key's",
    "Figure27": "the key's algorithm is misspelt ES521",
    "InvalidCharacterInsertedInHeader": "a foreign character in base64url, which the vector calls valid",
    "InvalidCharacterInsertedInPayload": "a foreign character in base64url, which the vector calls valid",
}


def vectors(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    document = json.loads((Path(FOLDER) / name).read_text())
    for group in document["testGroups"]:
        # Two vectors that are called invalid are letter by letter a third one that is called valid: nobody can
        # tell them apart.
        valid = {test["jws"] for test in group["tests"] if test["result"] == "valid"}
        for test in group["tests"]:
            if test["result"] == "valid" or test["jws"] not in valid:
                yield group, test


def accepts(group: dict[str, Any], token: Any) -> bool:
    described = group.get("public") or group["private"]
    try:
        keys = jose.load_set(described if "keys" in described else {"keys": [described]})
        jose.verify_signature(token, keys.get)
    except (jose.KeyRefused, TokenRefused):
        return False
    return True


@pytest.mark.parametrize(("name", "total"), [("json_web_signature_test.json", 399), ("json_web_key_test.json", 26)])
def test_no_invalid_vector_is_accepted_and_only_the_listed_valid_ones_are_refused(name: str, total: int) -> None:
    tried, wrong = 0, []
    for group, test in vectors(name):
        tried += 1
        is_expected = test["result"] == "valid" and test["comment"] not in STRICTER
        if accepts(group, test["jws"]) is not is_expected:
            wrong.append((test["tcId"], test["comment"], test["result"]))
    assert wrong == []
    assert tried == total


def test_private_keys_are_judged_as_public_ones_are() -> None:
    """The vectors give some keys in both forms; the private form must not open what the public one does not."""
    for name in ("json_web_signature_test.json", "json_web_key_test.json"):
        for group, test in vectors(name):
            if test["result"] == "invalid":
                assert not accepts({"private": group["private"]}, test["jws"]), test["comment"]
