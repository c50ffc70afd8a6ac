"""What the values of a column are, so that Python and every database compare them alike.

A comparison that the two could read differently is refused at startup: `<` of texts (collations differ), equality of
JSON, of binary data, of values of two kinds.
"""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connections
from django.db.models import Field
from django.utils import timezone

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field


@dataclass(frozen=True, slots=True)
class Kind:
    """The values that compare with each other.

    :ivar types: exactly these classes need no conversion.
    :ivar adapt: returns the value as these types, or raises TypeError.
    """

    name: str
    types: frozenset[type]
    ordered: bool
    adapt: Callable[[Any], Any]


def _exactly(kind: str, *types: type) -> Callable[[Any], Any]:
    def adapt(value: Any) -> Any:
        if type(value) not in types:
            raise TypeError(f"{value!r} is no {kind}")
        return value

    return adapt


def _text(value: Any) -> str:
    value = value.value if isinstance(value, Enum) else value
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise TypeError("a text with lone surrogates") from None
    if "\0" in value:
        raise TypeError("a text with a NUL")
    return str(value)


def _integer(value: Any) -> int:
    value = value.value if isinstance(value, Enum) else value
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is no whole number")
    return int(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise TypeError(f"{value!r} is no decimal number")
    number = Decimal(value)
    if not number.is_finite():
        raise TypeError(f"{value!r} is no finite number")
    return number


def _float(value: Any) -> float:
    try:
        if (
            not isinstance(value, bool)
            and isinstance(value, int | float | Decimal)
            and isfinite(number := float(value))
        ):
            return number
    except OverflowError:
        pass
    raise TypeError(f"{value!r} is no finite number")


def _datetime(value: Any) -> dt.datetime:
    if not isinstance(value, dt.datetime) or timezone.is_naive(value) == settings.USE_TZ:
        raise TypeError(f"{value!r} is no {'aware' if settings.USE_TZ else 'naive'} date and time")
    return value


def _time(value: Any) -> dt.time:
    if type(value) is not dt.time or value.tzinfo is not None:
        raise TypeError(f"{value!r} is no time of day without a zone")
    return value


def _uuid(value: Any) -> uuid.UUID:
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except (AttributeError, ValueError, TypeError):
        raise TypeError(f"{value!r} is no UUID") from None


TEXT = Kind("text", frozenset({str}), ordered=False, adapt=_text)
INTEGER = Kind("whole number", frozenset({int}), ordered=True, adapt=_integer)
DECIMAL = Kind("decimal number", frozenset({Decimal}), ordered=True, adapt=_decimal)
FLOAT = Kind("number", frozenset({float}), ordered=True, adapt=_float)
BOOLEAN = Kind("yes or no", frozenset({bool}), ordered=False, adapt=_exactly("yes or no", bool))
DATE = Kind("date", frozenset({dt.date}), ordered=True, adapt=_exactly("date", dt.date))
DATETIME = Kind("date and time", frozenset({dt.datetime}), ordered=True, adapt=_datetime)
TIME = Kind("time", frozenset({dt.time}), ordered=True, adapt=_time)
DURATION = Kind("duration", frozenset({dt.timedelta}), ordered=True, adapt=_exactly("duration", dt.timedelta))
UUID = Kind("UUID", frozenset({uuid.UUID}), ordered=False, adapt=_uuid)

_KINDS = {
    **dict.fromkeys(("CharField", "TextField", "SlugField", "FileField", "FilePathField"), TEXT),
    **dict.fromkeys(("IntegerField", "BigIntegerField", "SmallIntegerField"), INTEGER),
    **dict.fromkeys(("PositiveIntegerField", "PositiveBigIntegerField", "PositiveSmallIntegerField"), INTEGER),
    **dict.fromkeys(("AutoField", "BigAutoField", "SmallAutoField"), INTEGER),
    "DecimalField": DECIMAL,
    "FloatField": FLOAT,
    "BooleanField": BOOLEAN,
    "DateField": DATE,
    "DateTimeField": DATETIME,
    "TimeField": TIME,
    "DurationField": DURATION,
    "UUIDField": UUID,
}
_NUMBERS = frozenset({INTEGER, DECIMAL})
# What makes the value that a database compares another than the one that Python does.
_CONVERSIONS = ("db_type", "from_db_value", "get_db_prep_value", "get_prep_value")

# It keeps decimal numbers as binary ones of 53 bits, which tell so many digits apart.
_SQLITE_DIGITS = 15


def kind_of(field: AnyField) -> Kind | None:
    """Return the kind of a column, that of its target for a foreign key; None if it compares with nothing."""
    while field.remote_field is not None and hasattr(field, "target_field"):
        field = field.target_field
    return _KINDS.get(field.get_internal_type())


def quirk_of(field: AnyField) -> str:
    """Return why a database may compare a column otherwise than Python compares its values; "" if it does not."""
    if kind_of(field) is DECIMAL and (getattr(field, "max_digits", None) or inf) > _SQLITE_DIGITS and _has_sqlite():
        return f"has more than the {_SQLITE_DIGITS} digits that SQLite keeps"
    collation = getattr(field, "db_collation", None)
    if collation:
        return f"has the collation {collation!r}"
    methods = (getattr(type(field), name, None) for name in _CONVERSIONS)
    foreign = [method for method in methods if method is not None and not method.__module__.startswith("django.")]
    return f"is converted by {foreign[0].__qualname__}()" if foreign else ""


def _has_sqlite() -> bool:
    return any(connections[alias].vendor == "sqlite" for alias in connections)


def comparable(one: Kind, other: Kind) -> bool:
    """Tell whether two columns of these kinds compare alike in Python and in SQL."""
    return one is other or {one, other} <= _NUMBERS


def adapter(field: AnyField, kind: Kind) -> Callable[[Any], Any]:
    """Return what turns a value from outside the row into one that this column can be compared with.

    It raises TypeError on a value that the column could not hold: databases round, cut or refuse those.
    """
    while field.remote_field is not None and hasattr(field, "target_field"):
        field = field.target_field
    if kind is INTEGER:
        return _within_range(field)
    if kind is DECIMAL:
        return _within_places(getattr(field, "decimal_places", 0), getattr(field, "max_digits", 0))
    return kind.adapt


def _within_range(field: AnyField) -> Callable[[Any], int]:
    bounds = [connections[alias].ops.integer_field_range(field.get_internal_type()) for alias in connections]
    low = max(low for low, _ in bounds)
    high = min(high for _, high in bounds)

    def adapt(value: Any) -> int:
        number = _integer(value)
        if not low <= number <= high:
            raise TypeError(f"{value!r} is out of the column's range")
        return number

    return adapt


def _within_places(places: int, digits: int) -> Callable[[Any], Decimal]:
    def adapt(value: Any) -> Decimal:
        number = _decimal(value)
        exponent = number.normalize().as_tuple().exponent
        if -int(exponent) > places or number.adjusted() >= digits - places:
            raise TypeError(f"{value!r} has more digits than the column")
        return number

    return adapt
