"""No question of a reviewer occupies the database for long."""

import pytest
from django.db import ProgrammingError, connection
from pytest_django import Settings

from auditlog.timeouts import QuestionAborted, bounded


def limit() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.fixture
def quick(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "REVIEW_TIMEOUT": 0.05}


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.usefixtures("quick")
def test_a_long_statement_ends_and_the_transaction_lives_on() -> None:
    with pytest.raises(QuestionAborted, match=r"0\.05 s"), bounded("default"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(30)")
    assert limit() == "0"


@pytest.mark.postgres
@pytest.mark.django_db
@pytest.mark.usefixtures("quick")
def test_it_holds_in_the_block_only() -> None:
    with bounded("default"):
        assert limit() == "50ms"
    assert limit() == "0"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("quick")
def test_it_holds_in_the_block_only_without_a_transaction_too() -> None:
    with bounded("default"):
        assert limit() == "50ms"
    assert limit() == "0"


@pytest.mark.postgres
@pytest.mark.django_db
def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ProgrammingError), bounded("default"), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column")


@pytest.mark.django_db
def test_it_can_be_switched_off(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "REVIEW_TIMEOUT": 0}
    with bounded("default"):
        assert connection.vendor != "postgresql" or limit() == "0"
