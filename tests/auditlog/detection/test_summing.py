"""However much of a flood a window holds, a batch is looked at in the time that its own events take."""

import random
from datetime import timedelta

import pytest

from auditlog.detection import findings
from auditlog.detection.detectors import Threshold
from auditlog.detection.findings import OVERALL, SUBNET, Batch, Match, key_of
from auditlog.models import Event
from tests.auditlog.detection.world import MINUTE, NOON, SECOND, event, failure, series, store

pytestmark = pytest.mark.django_db
WINDOW = 15 * MINUTE
FAILED = Match(("accounts.login_failed",))


def newest(count: int) -> Batch:
    seqs = Event.objects.order_by("-seq").values_list("seq", flat=True)[:count]
    return Batch(Event.objects.filter(seq__in=list(seqs)), Event.objects.all(), frozenset({"accounts.login_failed"}))


def address(chance: random.Random) -> str | None:
    host = chance.randrange(256)
    return chance.choice(
        [
            f"192.0.2.{host}",
            f"192.0.{chance.randrange(4)}.{host}",
            f"2001:db8::{host:x}",
            f"2001:db8:0:9:1::{host:x}",
            None,
        ]
    )


@pytest.mark.parametrize("by", [OVERALL, SUBNET])
@pytest.mark.parametrize(("every", "size"), [(4 * SECOND, 50), (40 * SECOND, 120), (2 * SECOND, 400), (40 * MINUTE, 9)])
def test_it_counts_as_one_counts_by_hand(by: str, every: timedelta, size: int) -> None:
    """Also where a batch is longer than the window, and for events that stand for several."""
    chance, limit = random.Random(f"{by}{every}"), 12
    events = series(
        lambda ts, n: failure(
            ts - chance.randrange(2) * every, "", src_ip=address(chance), count=chance.choice((1, 1, 5))
        ),
        400,
        every=every,
    )
    store(events)
    store([event("edge.request_refused", NOON, src_ip="192.0.2.1")])
    batch = newest(size + 1)
    kept = list(Event.objects.filter(type="accounts.login_failed").order_by("ts", "seq"))
    fresh = set(batch.new.values_list("uuid", flat=True))
    wanted: dict[str, tuple[int, int]] = {}
    for row in kept:
        key = key_of(by, row.src_ip)
        upto = [each for each in kept if (each.ts, each.seq) <= (row.ts, row.seq) and each.ts > row.ts - WINDOW]
        held = sum(each.count for each in upto if key_of(by, each.src_ip) == key)
        if key and row.uuid in fresh and held >= limit:
            new = sum(each.count for each in kept if each.uuid in fresh and key_of(by, each.src_ip) == key)
            wanted[key] = max(held, wanted.get(key, (0, 0))[0]), new
    found = {each.key: each for each in Threshold(match=FAILED, by=by, limit=limit, window=WINDOW).findings(batch)}
    assert {key: (each.count, each.new) for key, each in found.items()} == wanted
    for each in found.values():
        evidence = Event.objects.filter(uuid__in=each.evidence)
        assert {key_of(by, row.src_ip) for row in evidence} == {each.key}
        assert each.first_ts <= min(row.ts for row in evidence)


@pytest.mark.parametrize("by", [OVERALL, SUBNET])
def test_it_reads_what_comes_and_what_goes(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Counted(findings.Row):
        def __init__(self, *given: object) -> None:
            super().__init__(*given)  # type: ignore[arg-type]
            read.append(1)

    store(series(lambda ts, n: failure(ts, f"u{n}", src_ip=f"10.{n % 9}.0.1"), 1500, every=SECOND))
    monkeypatch.setattr(findings, "Row", Counted)
    found = list(Threshold(match=FAILED, by=by, limit=40, window=WINDOW).findings(newest(20)))
    assert sorted(each.count for each in found) == ([900] if by == OVERALL else [100] * 9)
    assert len(read) <= 3 * 20
