"""Where events stand in the log: by epoch, transaction and number, in this order."""

from django.db.models import QuerySet

from ..models import Event, Tile

Place = tuple[int, int, int]
BEFORE_ALL: Place = (-1, -1, -1)


def place_of(tile: Tile) -> Place:
    """Return the place of the last event of a tile."""
    return tile.last_epoch or 0, tile.last_tx or 0, tile.last_seq or 0


def last_sealed(alias: str) -> Place:
    """Return the place of the last event that was sealed, before all others where none was.

    The application may write the places of readers, and not the tiles: they are what is believed.
    """
    last = Tile.objects.using(alias).filter(level=0).order_by("-tree", "-index").first()
    return place_of(last) if last else (0, 0, 0)


def between(low: Place, high: Place, alias: str) -> QuerySet[Event]:
    """Return the events after ``low`` up to ``high``, in the order of the log."""
    return after(low, alias).extra(where=["(epoch, tx, seq) <= (%s, %s, %s)"], params=[*high])


def after(low: Place, alias: str) -> QuerySet[Event]:
    """Return the events after ``low``, in the order of the log."""
    events = Event.objects.using(alias).extra(where=["(epoch, tx, seq) > (%s, %s, %s)"], params=[*low])
    return events.order_by("epoch", "tx", "seq")


def nowhere(alias: str) -> QuerySet[Event]:
    """Return the events that stand before all others or at no place, so that nobody who reads in order meets them.

    The table's constraints keep them out until its owner drops these.
    """
    events = Event.objects.using(alias).extra(where=["epoch < 0 OR epoch IS NULL OR tx IS NULL"])
    return events.order_by("epoch", "tx", "seq")


def tile_at(place: Place, alias: str) -> Tile | None:
    """Return the tile that holds what stands at ``place``, or None where that is not sealed yet."""
    return tiles_from(place, alias).first()


def tiles_from(place: Place, alias: str) -> QuerySet[Tile]:
    """Return the tile that holds what stands at ``place``, and those after it, in the order of the log."""
    tiles = Tile.objects.using(alias).filter(level=0)
    later = tiles.extra(where=["(last_epoch, last_tx, last_seq) >= (%s, %s, %s)"], params=[*place])
    return later.order_by("last_epoch", "last_tx", "last_seq")
