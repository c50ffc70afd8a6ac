"""Tests that commit end with a flush, which has to empty the log too."""

from collections.abc import Callable

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from auditlog.models import Event


@pytest.mark.django_db(transaction=True)
def test_flush_empties_the_log_and_closes_the_door(events: Callable[..., Event]) -> None:
    events()

    call_command("flush", interactive=False, verbosity=0)

    assert not Event.objects.exists()
    events()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM bulwark_auditlog_event")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_one_committing_test_leaves_nothing_to_the_next(turn: int, events: Callable[..., Event]) -> None:
    assert not Event.objects.exists()
    events()
