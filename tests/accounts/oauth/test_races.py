"""A code that many present at once: one of them gets tokens, and they are worth nothing by the time all have asked."""

from pathlib import Path

import pytest

from tests.accounts import racing
from tests.accounts.test_races import atomic, on_a_server, on_a_sqlite_file

__all__ = ["atomic"]


def expected(rounds: int) -> dict[str, object]:
    return {"winners": [1], "statuses": [200, 400], "sessions": rounds, "live": 0}


@on_a_server
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_eight_who_race_with_one_code_one_wins_and_the_session_ends_on_postgresql(atomic: bool) -> None:
    assert racing.race_of_codes(20, 8) == expected(20)


def test_of_eight_who_race_with_one_code_one_wins_and_the_session_ends_on_sqlite(tmp_path: Path, atomic: bool) -> None:
    assert on_a_sqlite_file(tmp_path, "codes", "10", "8", atomic=atomic) == expected(10)
