"""What can be wrong with the settings of this app. Ids are never renumbered."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.utils.module_loading import import_string

from .conf import NAME, conf, keys
from .event_types import is_listed
from .models import Severity
from .subscriptions import event_name, signal_at

MIDDLEWARE = f"{__package__}.middleware.AuditMiddleware"
GETTERS = ("CLIENT_IP", "COUNTRY", "REQUEST_ID", "SESSION_ID", "TENANT")


def check_keys(**_: Any) -> list[CheckMessage]:
    """E001: a key of the settings is unknown."""
    unknown = set(getattr(settings, NAME, {})) - keys()
    return [Error(f"{NAME} has no key {key!r}.", id="bulwark_auditlog.E001") for key in sorted(unknown)]


def check_signals(**_: Any) -> Iterable[CheckMessage]:
    """E002: a listed signal does not exist. W001: its events are of no listed type, so they carry no data."""
    found: list[CheckMessage] = []
    for path in conf.signals:
        try:
            signal_at(path)
        except ImportError as error:
            found.append(Error(f"{NAME}['SIGNALS']: {error}.", id="bulwark_auditlog.E002"))
            continue
        if not is_listed(event_name(path)):
            hint = f"List {event_name(path)!r} in {NAME}['TYPES'] with its severity and fields."
            found.append(Warning(f"Events of {path} keep no data.", hint=hint, id="bulwark_auditlog.W001"))
    return found


def check_getters(**_: Any) -> Iterable[CheckMessage]:
    """E003: a getter does not exist or cannot be called."""
    for key in GETTERS:
        path = getattr(conf, key.lower())
        try:
            good = callable(import_string(path))
        except ImportError:
            good = False
        if not good:
            yield Error(f"{NAME}[{key!r}] names no function: {path!r}.", id="bulwark_auditlog.E003")


def check_types(**_: Any) -> Iterable[CheckMessage]:
    """E004: a type of the host is described wrongly."""
    for name, given in conf.types.items():
        if set(given) - {"severity", "fields"} or given.get("severity", 1) not in Severity.values:
            hint = 'Write {"severity": 1 to 6, "fields": ["name", ...]}.'
            yield Error(f"{NAME}['TYPES'][{name!r}] is not understood.", hint=hint, id="bulwark_auditlog.E004")
        elif isinstance(given.get("fields", ()), str):
            yield Error(f"{NAME}['TYPES'][{name!r}]: fields is a list.", id="bulwark_auditlog.E004")


def check_middleware(**_: Any) -> Iterable[CheckMessage]:
    """E005: the middleware is missing. W002: it does not stand first, so what stands before it is not covered."""
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield Error(f"Put {MIDDLEWARE!r} first in MIDDLEWARE.", id="bulwark_auditlog.E005")
    elif settings.MIDDLEWARE[0] != MIDDLEWARE:
        yield Warning(f"{MIDDLEWARE!r} does not stand first in MIDDLEWARE.", id="bulwark_auditlog.W002")


ALL = (check_keys, check_signals, check_getters, check_types, check_middleware)
