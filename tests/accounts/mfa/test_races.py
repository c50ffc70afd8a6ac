"""What comes of second steps that race, on each database."""

from pathlib import Path

import pytest

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
