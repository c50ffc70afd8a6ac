"""Hashes events before they can be sealed.

While an old transaction is open nothing is sealed. When it ends, all that a busy log has grown by meanwhile would have
to be read and hashed at once, just when the writers want the processors. A committed event never changes, and what an
erasure takes from it leaves its hash as it is: so it can be hashed as soon as it is seen, and sealed in its turn.
"""

from itertools import takewhile

from django.db.models import QuerySet

from ..models import Event, Tree
from .entries import EPOCH, FORMATS, SEQ, TX, key_of, leaf_hashes, rows, time_of
from .places import Place, after, last_sealed
from .tiles import Leaf

BATCH = 5_000
#: So many leaves are kept, at about half a kilobyte each; what comes after them is hashed when it is sealed.
MOST = 100_000


class Ahead:
    """The leaves of one tree that were hashed and not sealed yet."""

    def __init__(self) -> None:
        self._tree = 0
        self._end: Place = (0, 0, 0)
        self._leaves: dict[Place, Leaf] = {}

    def look(self, tree: Tree, alias: str) -> bool:
        """Hash the next events that can be seen and not be sealed yet, and tell whether there may be more.

        An event that is seen only after one behind it is passed over: it is hashed when it is sealed.
        """
        sealed = last_sealed(alias)
        if tree.number != self._tree:
            self._tree, self._end, self._leaves = tree.number, sealed, {}
        # They stand in order. What another sealer has sealed is never asked for, and would be kept for ever.
        for place in list(takewhile(sealed.__ge__, self._leaves)):
            del self._leaves[place]
        if len(self._leaves) >= MOST:
            return False
        self._end = max(self._end, sealed)
        found = _leaves(after(self._end, alias)[:BATCH], tree, alias)
        if found:
            self._leaves.update((leaf.place, leaf) for leaf in found)
            self._end = found[-1].place
        return len(found) == BATCH

    def leaves(self, events: QuerySet[Event], tree: Tree, alias: str) -> list[Leaf]:
        """Return the leaves of ``events``, in their order; those that were hashed already are not read again."""
        if tree.number != self._tree or not self._leaves:
            return _leaves(events, tree, alias)
        places = list(events.values_list("epoch", "tx", "seq"))
        if len(set(places)) < len(places):  # whoever may INSERT may give two events one number
            return _leaves(events, tree, alias)
        known = {place: self._leaves.pop(place) for place in places if place in self._leaves}
        passed_over = [seq for epoch, tx, seq in places if (epoch, tx, seq) not in known]
        if passed_over:
            known.update((leaf.place, leaf) for leaf in _leaves(events.filter(seq__in=passed_over), tree, alias))
        return [known[place] for place in places]


def _leaves(events: QuerySet[Event], tree: Tree, alias: str) -> list[Leaf]:
    form = FORMATS[tree.format]
    found = list(rows(events, form))
    return [
        Leaf(hashed, key_of(row), (row[EPOCH], row[TX], row[SEQ]), time_of(row))
        for row, hashed in zip(found, leaf_hashes(found, form, alias), strict=True)
    ]
