"""What comes of second steps that race, on each database."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from tests.accounts import racing
from tests.accounts.test_races import atomic, on_a_server, on_a_sqlite_file

__all__ = ["atomic"]
ONE_EACH = {"code": [1], "recovery code": [1], "token": [1], "statuses": [200, 401]}


@on_a_server
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_code_opens_one_session_on_postgresql(atomic: bool) -> None:
    assert racing.race_of_second_steps(5, 6) == ONE_EACH


def test_one_code_opens_one_session_on_sqlite(tmp_path: Path, atomic: bool) -> None:
    assert on_a_sqlite_file(tmp_path, "second_steps", "2", "6", atomic=atomic) == ONE_EACH


def is_one_outcome(found: dict[str, Any]) -> bool:
    assert (found["begin"], found["pending"]) == ([200], [1])
    assert found["add"] == [201, 401]  # the first one ends the sessions of the others
    assert (found["shown"], found["codes"]) == ([1], [10])
    assert (found["remove"], found["left"]) == ([204, 409], [1])
    return True


@on_a_server
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_changes_of_factors_wait_for_each_other_on_postgresql(atomic: bool, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "everybody"}
    assert is_one_outcome(racing.race_of_factors(5, 6))


def test_changes_of_factors_wait_for_each_other_on_sqlite(tmp_path: Path, atomic: bool) -> None:
    assert is_one_outcome(on_a_sqlite_file(tmp_path, "factors", "2", "6", atomic=atomic))
