"""Takes somebody's personal data out of the log; every leaf, and so every proof, stays what it was."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.models import Q

from .. import maintenance, rollup
from ..floods import source_of
from ..models import ErasedPart, Event, Follower, Outcome
from ..recording import record
from . import witnesses
from .entries import CURRENT, EPOCH, SEQ, TX, Leaves, Row, id_of, remains_of, rows, time_of

_TABLE = Event._meta.db_table  # noqa: SLF001 - Django's documented face of a model
_FIELDS = {field.name: field for field in Event._meta.concrete_fields}  # noqa: SLF001
_BLANKS: dict[str, Any] = {
    "actor_label": "",
    "src_ip": None,
    "user_agent": "",
    "target_label": "",
    "changes": {},
    "data": {},
}
#: What is somebody's as the one who acted, and as the one who was acted on.
_OF_ACTOR, _OF_TARGET = ("who", "what"), ("whom", "what")


def names_of(subject: str, alias: str) -> set[str]:
    """Return what the log calls one subject: the id or name that is given, and the names that stand beside it."""
    events = Event.objects.using(alias).order_by()
    acted = events.filter(actor_id=subject).values_list("actor_label", flat=True)
    suffered = events.filter(_is_target(subject)).values_list("target_label", flat=True)
    return {subject, *acted.distinct(), *suffered.distinct()} - {""}


def erase(subject: str, alias: str) -> int:
    """Erase the personal data of one subject, and return how many events held some.

    The ids stay: they are pseudonyms, and nobody has to know whose.

    :param subject: the id or the name that events know the subject by.
    :raises django.db.Error: this role may not change events; nothing is erased.
    """
    acted, suffered = Q(actor_id=subject) | Q(actor_label=subject), _is_target(subject) | Q(target_label=subject)
    with transaction.atomic(using=alias):
        parts = [*_erasable(acted, _OF_ACTOR, alias), *_erasable(suffered, _OF_TARGET, alias)]
        wanted = {(id_of(row), part): commitment for row, part, commitment in parts}
        salts = {id_of(row): row[-1] for row, _part, _commitment in parts}
        if not wanted:
            return 0
        told = record(witnesses.ERASED, data={"events": len(salts), "erased": witnesses.digest_of_parts(wanted)})
        made = [
            ErasedPart(uuid=event, part=part, commitment=commitment, event=told.uuid)
            for (event, part), commitment in wanted.items()
        ]
        ErasedPart.objects.using(alias).bulk_create(made, batch_size=500)
        _forget_addresses((row for row, part, _commitment in parts if "src_ip" in CURRENT.personal[part]), alias)
        with maintenance.allowed(alias), transaction.atomic(using=alias):  # an error leaves the door to be closed
            for event, salt in salts.items():
                _blank(event, {part for part in CURRENT.personal if (event, part) in wanted}, salt, alias)
    return len(salts)


def _forget_addresses(found: Iterable[Row], alias: str) -> None:
    """Take the addresses of events out of the hourly counts, which go on to tell how many events there were.

    The place of the one who counts stays locked until the transaction ends: what is not counted yet is found blank.
    """
    counter = Follower.objects.using(alias).select_for_update().filter(name=rollup.NAME).first()
    if counter is None:
        return  # nobody counts here
    place = counter.epoch, counter.tx, counter.seq
    sources: Counter[rollup.Source] = Counter()
    for row in found:
        event = dict(zip(CURRENT.columns, row, strict=True))
        is_counted = (row[EPOCH], row[TX], row[SEQ]) <= place
        if is_counted and event["src_ip"] and event["outcome"] != Outcome.SUCCESS:
            hour = time_of(row).replace(minute=0, second=0, microsecond=0)
            sources[hour, event["type"], event["outcome"], source_of(event["src_ip"])] += event["count"]
    rollup.forget(sources, alias)


def _is_target(subject: str) -> Q:
    """Return the condition that an account was acted on: an order may have the same number."""
    return Q(target_id=subject, target_type=settings.AUTH_USER_MODEL.lower())


def _erasable(clause: Q, names: tuple[str, ...], alias: str) -> Iterator[tuple[Row, str, str]]:
    """Yield each part that is not blank yet, with the commitment that will be left of it."""
    maker = Leaves(CURRENT)
    found = list(rows(Event.objects.using(alias).filter(clause), CURRENT))
    left = remains_of(found, alias)
    for row in found:
        gone = left.get(row[3], {})
        parts = zip(CURRENT.personal, maker.commitments(row, gone), strict=True)
        yield from ((row, part, commitment) for part, commitment in parts if part in names and part not in gone)


def _blank(event: UUID, parts: set[str], salt: bytes, alias: str) -> None:
    connection = connections[alias]
    salts = zip(CURRENT.personal, Leaves(CURRENT).salts(salt), strict=True)
    values: dict[str, Any] = {"salt": b"".join(b"\0" * len(own) if part in parts else own for part, own in salts)}
    values |= {name: _BLANKS[name] for part in parts for name in CURRENT.personal[part]}
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(name)} = %s" for name in values)
    prepared = [_FIELDS[name].get_db_prep_save(value, connection) for name, value in values.items()]
    prepared.append(_FIELDS["uuid"].get_db_prep_save(event, connection))
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {quote(_TABLE)} SET {columns} WHERE uuid = %s", prepared)  # noqa: S608 - quoted names
