"""Pages that meet, in both directions, whatever happens meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertNumQueries

from auditlog import keyset, scanning
from auditlog.keyset import Cursor, Page, cursor_from
from auditlog.models import Event
from auditlog.scanning import Question, look

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def numbers(events: Callable[..., Event]) -> list[int]:
    """Seven events, three of them at the same moment; their numbers, newest first."""
    made = [events(ts=NOW - timedelta(seconds=age)) for age in (5, 4, 3, 3, 3, 2, 1)]
    return [event.seq for event in reversed(made)]


def at(cursor: Cursor | None) -> Page:
    return look(Question(), cursor, 3).page


def seqs(page: Page) -> list[int]:
    return [event.seq for event in page.events]


def test_there_and_back(numbers: list[int]) -> None:
    first = at(None)
    second = at(first.older)
    third = at(second.older)
    assert [seqs(page) for page in (first, second, third)] == [numbers[:3], numbers[3:6], numbers[6:]]
    assert (first.newer, third.older) == (None, None)

    back = at(third.newer)
    assert seqs(back) == numbers[3:6]
    newest = at(back.newer)
    assert seqs(newest) == numbers[:3]
    assert newest.newer is None
    assert newest.older is not None


def test_an_event_that_arrives_meanwhile_moves_nothing(numbers: list[int], events: Callable[..., Event]) -> None:
    older = at(None).older
    events(ts=NOW)

    assert seqs(at(older)) == numbers[3:6]


@pytest.mark.usefixtures("numbers")
def test_a_page_is_one_query() -> None:
    older = at(None).older

    with assertNumQueries(1):
        at(older)


def test_an_empty_log() -> None:
    assert at(None) == Page([], None, None)


def test_a_cursor_survives_its_url(numbers: list[int]) -> None:
    for cursor in (at(None).older, at(at(None).older).newer):
        assert cursor is not None
        name, value = cursor.parameter
        assert cursor_from({name: value}) == cursor


@pytest.mark.parametrize(
    "value",
    [
        "",
        "~",
        "x~1",
        "2026-01-01~1",
        "2026-01-01T00:00:00~1",
        "2026-01-01T00:00:00+00:00~x",
        "2026-99-01T00:00:00+00:00~1",
        "\0",
    ],
)
@pytest.mark.parametrize("name", [keyset.OLDER_THAN, keyset.NEWER_THAN])
def test_a_cursor_that_is_none_means_the_newest_page(name: str, value: str) -> None:
    assert cursor_from({name: value}) is None


def test_a_number_that_no_column_holds_is_no_error(numbers: list[int]) -> None:
    cursor = cursor_from({keyset.OLDER_THAN: f"{NOW.isoformat()}~{'9' * 40}"})

    assert seqs(at(cursor)) == numbers[:3]


def test_counting_stops(events: Callable[..., Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "COUNTED", 3)
    for _ in range(3):
        events()
    assert look(Question(), None, 1, with_count=True).count == 3

    events()
    events()
    assert look(Question(), None, 1, with_count=True).count == 4
