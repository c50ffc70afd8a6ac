"""What may be missing from the log, and the events that say so.

Retention drops events and erasure blanks their personal data. Each leaves an event in the log that holds a digest of
all it has touched; without that event, or with another digest, the gap is no lawful one. When that event is dropped
itself, the event that tells of it takes over what it vouched for.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from uuid import UUID

from ..models import DroppedRange, ErasedPart, Event, Tile
from .tiles import WIDTH

DROPPED, ERASED = "auditlog.partition_dropped", "auditlog.subject_erased"


def digest_of_ranges(ranges: Iterable[tuple[int, int, int]]) -> str:
    """Return what stands for leaves that were dropped, given as tree, first and last index."""
    return sha256("\n".join(f"{tree} {first} {last}" for tree, first, last in sorted(ranges)).encode()).hexdigest()


def digest_of_parts(parts: Iterable[tuple[UUID, str]]) -> str:
    """Return what stands for personal data that were erased, given as event and part."""
    return sha256("\n".join(sorted(f"{event} {part}" for event, part in parts)).encode()).hexdigest()


def dropped_of(tree: int, tiles: Sequence[Tile], alias: str) -> list[range]:
    """Return the leaves in ``tiles`` whose events were dropped."""
    begin, end = tiles[0].index * WIDTH, (tiles[-1].index + 1) * WIDTH
    found = DroppedRange.objects.using(alias).filter(tree=tree, first__lt=end, last__gte=begin).order_by("first")
    return [range(first, last + 1) for first, last in found.values_list("first", "last")]


def wrong(alias: str) -> Iterator[tuple[str, UUID]]:
    """Yield what is wrong with a gap, and the id of the event that should vouch for it."""
    dropped: dict[UUID, list[tuple[int, int, int]]] = {}
    for event, tree, first, last in DroppedRange.objects.using(alias).values_list("event", "tree", "first", "last"):
        dropped.setdefault(event, []).append((tree, first, last))
    erased: dict[UUID, list[tuple[UUID, str]]] = {}
    for event, touched, part in ErasedPart.objects.using(alias).values_list("event", "uuid", "part"):
        erased.setdefault(event, []).append((touched, part))
    for event in dropped.keys() | erased.keys():
        told = Event.objects.using(alias).filter(uuid=event, type__in=(DROPPED, ERASED)).first()
        data = told.data if told else {}
        if event in dropped and data.get("digest") != digest_of_ranges(dropped[event]):
            yield f"it should be of type {DROPPED} and vouch for events that are gone, and does not.", event
        if event in erased and data.get("erased") != digest_of_parts(erased[event]):
            yield f"it should be of type {ERASED} and vouch for data that are gone, and does not.", event
