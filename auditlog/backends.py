"""Objects that settings describe as `{"BACKEND": dotted path, "OPTIONS": {...}}`, as Django's own do."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.utils.module_loading import import_string

T = TypeVar("T")


def made(described: Mapping[str, Any], kind: type[T], **more: Any) -> T:
    """Return the object that is described.

    :param kind: what it has to be an instance of.
    :param more: what its description may say beside its options, as `format="ocsf"` for `"FORMAT"`, and is else.
    :raises KeyError, ImportError: it names no class, or one that does not exist.
    :raises TypeError, ValueError: it is of another kind, does not take the options, or says what nothing reads.
    """
    known = {name.upper(): name for name in more}
    if unknown := described.keys() - {"BACKEND", "OPTIONS", *known}:
        msg = f"{', '.join(sorted(unknown))}: not understood. Write {', '.join(['BACKEND', 'OPTIONS', *known])}."
        raise ValueError(msg)
    given = {name: described.get(key, more[name]) for key, name in known.items()}
    found = import_string(described["BACKEND"])(**described.get("OPTIONS", {}), **given)
    if not isinstance(found, kind):
        msg = f"{described['BACKEND']} is no {kind.__name__}."
        raise TypeError(msg)
    return found
