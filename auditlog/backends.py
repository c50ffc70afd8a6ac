"""Objects that settings describe as `{"BACKEND": dotted path, "OPTIONS": {...}}`, as Django's own do."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.utils.module_loading import import_string

T = TypeVar("T")


def made(described: Mapping[str, Any], kind: type[T], **more: Any) -> T:
    """Return the object that is described.

    :param kind: what it has to be an instance of.
    :param more: keyword arguments beside its options.
    :raises KeyError, ImportError: it names no class, or one that does not exist.
    :raises TypeError, ValueError: it is of another kind, or does not take the options.
    """
    found = import_string(described["BACKEND"])(**described.get("OPTIONS", {}), **more)
    if not isinstance(found, kind):
        msg = f"{described['BACKEND']} is no {kind.__name__}."
        raise TypeError(msg)
    return found
