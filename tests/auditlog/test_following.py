"""A reader of the log misses nothing and reads nothing twice, however slowly others commit."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction

from auditlog.following import Reading, lag, reading
from auditlog.models import Event, Follower

postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only")
Store = Callable[..., Event]
Read = Callable[..., list[str]]


@pytest.fixture
def settled_read(settled: Callable[[], None]) -> Read:
    """Read when nobody else's transaction can be in the way."""

    def wait_and_read(name: str = "reader", size: int = 1000) -> list[str]:
        settled()
        return read(name, size)

    return wait_and_read


def read(name: str = "reader", size: int = 1000) -> list[str]:
    with reading(name, "default") as log:
        return [event.reason for event in log.next_range(size)]


@pytest.mark.django_db(transaction=True)
def test_each_event_is_read_once_and_in_order(events: Store, settled_read: Read) -> None:
    for number in range(5):
        events(reason=str(number))

    assert settled_read(size=2) == ["0", "1"]
    assert settled_read(size=2) == ["2", "3"]
    assert lag("reader", "default") == 1
    assert settled_read(size=2) == ["4"]
    assert settled_read() == []

    events(reason="5")
    assert settled_read() == ["5"]
    assert lag("reader", "default") == 0


@pytest.mark.django_db(transaction=True)
def test_readers_do_not_disturb_each_other(events: Store, settled_read: Read) -> None:
    events(reason="one")

    assert settled_read("first") == ["one"]
    assert settled_read("second") == ["one"]


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_fails_reads_the_same_again(
    events: Store, settled: Callable[[], None], settled_read: Read
) -> None:
    events(reason="one")
    settled()

    def fail() -> None:
        with reading("reader", "default") as log:
            assert len(log.next_range()) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert settled_read() == ["one"]


@pytest.mark.django_db(transaction=True)
def test_the_place_is_told(events: Store, settled_read: Read) -> None:
    event = events()
    settled_read()

    place = Follower.objects.get()
    assert (place.seq, place.ts) == (event.seq, event.ts)


@pytest.fixture
def other() -> Callable[[Callable[[], object]], object]:
    """Run something on another connection, in another thread."""

    def run(work: Callable[[], object]) -> object:
        found: list[object] = []

        def target() -> None:
            try:
                found.append(work())
            finally:
                connections.close_all()

        thread = threading.Thread(target=target)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
        return found[0]

    return run


@postgres
@pytest.mark.django_db(transaction=True)
def test_what_commits_late_is_read_in_its_place(
    events: Store, settled_read: Read, other: Callable[[Callable[[], object]], object]
) -> None:
    """The trap: number 1 is taken first and visible last. A reader that trusts numbers loses it."""
    with transaction.atomic():
        events(reason="slow")
        other(lambda: events(reason="quick"))
        assert other(read) == []

    assert settled_read() == ["slow", "quick"]


@postgres
@pytest.mark.django_db(transaction=True)
def test_reading_by_number_would_lose_it(events: Store, other: Callable[[Callable[[], object]], object]) -> None:
    """Shows that the test above tests something: without the condition on transactions "slow" is lost."""
    with transaction.atomic():
        events(reason="slow")
        other(lambda: events(reason="quick"))
        seen = other(lambda: max(Event.objects.values_list("seq", flat=True)))

    assert list(Event.objects.filter(seq__gt=seen)) == []


@postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_holds_nobody_up(events: Store, settled_read: Read) -> None:
    with transaction.atomic():
        events(reason="never")
        transaction.set_rollback(True)
    events(reason="one")

    assert settled_read() == ["one"]


@pytest.mark.django_db(transaction=True)
def test_a_new_epoch_begins_below_the_old_one(events: Store, settled_read: Read) -> None:
    """Transaction numbers of a restored database begin anew."""
    place = Follower(name="reader", epoch=0, tx=10**15, seq=10**15)
    place.save()
    events(reason="after the restore")

    assert settled_read() == ["after the restore"]


@pytest.mark.django_db(transaction=True)
def test_a_range_is_the_same_whenever_it_is_asked(events: Store, settled: Callable[[], None]) -> None:
    events(reason="one")
    settled()
    with transaction.atomic():
        place, _ = Follower.objects.get_or_create(name="reader")
        found = Reading(place, "default").next_range()
        before = [event.reason for event in found.all()]
    events(reason="two")

    assert [event.reason for event in found.all()] == before == ["one"]
