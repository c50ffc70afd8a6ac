"""Takes somebody's name out of what rules and people have written about the log: alerts, incidents, searches.

The log itself is `sealing.erasing`'s. What stands here proves nothing, so the name is replaced where it stands.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote_plus

from django.db import models

from .models import (
    Alert,
    AlertStep,
    Delivery,
    Incident,
    IncidentEntry,
    IncidentNotice,
    Response,
    SavedSearch,
    Silence,
)

ERASED = "[erased]"
#: Where names may stand.
_TEXTS: dict[type[models.Model], tuple[str, ...]] = {
    Alert: ("key", "summary"),
    AlertStep: ("actor", "text"),
    Delivery: ("error",),
    Incident: ("title", *Incident.POST_MORTEM),
    IncidentEntry: ("actor", "text"),
    IncidentNotice: ("subject", "body", "sent_by"),
    Response: ("subject", "reason", "by", "undone_by"),
    SavedSearch: ("name", "query"),
    Silence: ("key", "reason", "by"),
}
_LISTS: dict[type[models.Model], str] = {Incident: "affected", IncidentNotice: "recipients"}


def forget(names: Iterable[str], alias: str) -> int:
    """Replace ``names`` wherever they stand as a word, and return how many rows held one.

    :param names: the ids, names and addresses that somebody is known by. A number is no name: it stands for much else.
    """
    plain = {name for name in names if name and not name.isdecimal()}
    listed = sorted(plain | {quote_plus(name) for name in plain}, key=len, reverse=True)  # a search is a query string
    if not listed:
        return 0
    pattern = re.compile(rf"(?<![\w@.+-])(?:{'|'.join(map(re.escape, listed))})(?![\w@+-]|\.\w)", re.IGNORECASE)
    texts = sum(_texts(model, fields, listed, pattern, alias) for model, fields in _TEXTS.items())
    return texts + sum(_lists(model, field, pattern, alias) for model, field in _LISTS.items())


def _texts(
    model: type[models.Model], fields: tuple[str, ...], names: list[str], pattern: re.Pattern[str], alias: str
) -> int:
    holds = models.Q(
        *(models.Q((f"{field}__icontains", name)) for field in fields for name in names), _connector=models.Q.OR
    )
    rows = model._base_manager.using(alias).filter(holds)  # noqa: SLF001 - Django's documented face of a model
    return sum(_changed(row, {field: _without(pattern, row) for field in fields}) for row in rows)


def _lists(model: type[models.Model], field: str, pattern: re.Pattern[str], alias: str) -> int:
    def without(found: Any) -> Any:
        return [name for name in found if not pattern.search(str(name))] if isinstance(found, list) else found

    rows = model._base_manager.using(alias).all()  # noqa: SLF001 - as above
    return sum(_changed(row, {field: without}) for row in rows)


def _without(pattern: re.Pattern[str], row: models.Model) -> Callable[[str], str]:
    # Two live alerts of a rule are never about the same: what is erased stays apart by the number of the row.
    mark = f"{ERASED[:-1]} {row.pk}]"
    return lambda text: pattern.sub(mark, text)


def _changed(row: models.Model, changes: dict[str, Callable[[Any], Any]]) -> bool:
    values = {name: change(getattr(row, name)) for name, change in changes.items()}
    wanted = {name: value for name, value in values.items() if value != getattr(row, name)}
    for name, value in wanted.items():
        field = row._meta.get_field(name)  # noqa: SLF001 - as above
        limit = getattr(field, "max_length", None)
        setattr(row, name, value[:limit] if limit and isinstance(value, str) else value)
    if wanted:
        row.save(update_fields=list(wanted))
    return bool(wanted)
