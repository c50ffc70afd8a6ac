"""What can be wrong with the settings of this app. Ids are never renumbered."""

# ruff: noqa: SLF001 - `_meta` is Django's documented face of a model

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import metadata
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name
from django.db import DatabaseError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.module_loading import import_string

from . import partitions, triggers, watching
from .alerts.channels import channels
from .auditing import registry
from .conf import NAME, conf, keys
from .detection.rules import BY_NAME
from .event_types import is_listed
from .meanings import Meaning
from .models import Event, Severity
from .operations import VENDORS
from .response.actions import ACTIONS, Subject
from .response.automatic import network_of
from .sealing import publishing
from .sealing.checkpoints import own_keys
from .sealing.notes import KeyRefused
from .shipping import receiver
from .subscriptions import event_name, signal_at

MIDDLEWARE = f"{__package__}.middleware.AuditMiddleware"
_NAMESAKE = "auditlog"
GETTERS = ("CLIENT_IP", "COUNTRY", "RECENT_LOGIN", "REQUEST_ID", "SESSION_ID", "TENANT")


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
        if not _is_function(path):
            yield Error(f"{NAME}[{key!r}] names no function: {path!r}.", id="bulwark_auditlog.E003")


def _is_function(path: str) -> bool:
    try:
        return callable(import_string(path))
    except ImportError:
        return False


def check_types(**_: Any) -> Iterable[CheckMessage]:
    """E004: a type of the host is described wrongly."""
    for name, given in conf.types.items():
        known = {"severity": given.get("severity", 1) in Severity.values, "fields": True}
        known["meaning"] = str(given.get("meaning", "called")).upper() in Meaning.__members__
        if set(given) - set(known) or not all(known.values()):
            hint = 'Write {"severity": 1 to 6, "fields": ["name", ...], "meaning": a name of meanings.Meaning}.'
            yield Error(f"{NAME}['TYPES'][{name!r}] is not understood.", hint=hint, id="bulwark_auditlog.E004")
        elif isinstance(given.get("fields", ()), str):
            yield Error(f"{NAME}['TYPES'][{name!r}]: fields is a list.", id="bulwark_auditlog.E004")


def check_rules(**_: Any) -> Iterable[CheckMessage]:
    """E010: a rule of the detection is unknown, or tuned by what it has not: it would break all rules."""
    for name, given in conf.rules.items():
        if name not in BY_NAME:
            yield Error(f"{NAME}['RULES'] names no rule: {name!r}.", id="bulwark_auditlog.E010")
        elif not all(_is_tuned(name, key, value) for key, value in given.items()):
            hint = 'Write {"enabled": bool, "limit": int, "window": seconds, "severity": 1 to 6}, each optional.'
            hint += " A rule that does not count has no limit, one that does not look back no window."
            yield Error(f"{NAME}['RULES'][{name!r}] is not understood.", hint=hint, id="bulwark_auditlog.E010")


def _is_tuned(rule: str, key: str, value: object) -> bool:
    """Say whether a rule can be tuned by ``key``, and that by ``value``."""
    has_it = key not in {"limit", "window"} or key in BY_NAME[rule].detector.TUNED_BY
    return has_it and key in _TUNED and _TUNED[key](value)


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


#: What a rule is tuned by, and what that may be.
_TUNED: dict[str, Callable[[Any], bool]] = {
    "enabled": lambda value: isinstance(value, bool),
    "limit": _is_positive,
    "respond": lambda value: isinstance(value, dict),
    "severity": lambda value: value in Severity.values,
    "window": _is_positive,
}


def check_responses(**_: Any) -> Iterable[CheckMessage]:
    """E014: an action or subject is unknown or names no function, or a rule would take an action not offered."""
    known = {action.name for action in ACTIONS}
    for name, given in conf.responses.items():
        paths = [given] if isinstance(given, str) else given
        if name not in known or not all(map(_is_function, paths)):
            yield Error(
                f"{NAME}['RESPONSES'][{name!r}] is no action, or names no function.", id="bulwark_auditlog.E014"
            )
    for kind, path in conf.response_subjects.items():
        if kind not in {subject for subject in Subject if subject} or not _is_function(path):
            yield Error(
                f"{NAME}['RESPONSE_SUBJECTS'][{kind!r}] is no subject, or names no function.",
                id="bulwark_auditlog.E014",
            )
    for name, rule in conf.rules.items():
        wanted = rule.get("respond")
        if isinstance(wanted, dict) and wanted.get("action") not in conf.responses:
            yield Error(f"{NAME}['RULES'][{name!r}] responds with what RESPONSES has not.", id="bulwark_auditlog.E014")


def check_never_block(**_: Any) -> Iterable[CheckMessage]:
    """E017: what no rule may block cannot be read, so that rules act on nothing at all."""
    given = conf.never_block
    for text in [given] if isinstance(given, str) else given:
        try:
            good = not isinstance(given, str) and bool(network_of(text))
        except ValueError:
            good = False
        if not good:
            hint = 'List networks or addresses: ["10.0.0.0/8", "2001:db8::/48"].'
            yield Error(f"{NAME}['NEVER_BLOCK']: {text!r} is no network.", hint=hint, id="bulwark_auditlog.E017")


def check_channels(**_: Any) -> Iterable[CheckMessage]:
    """E011: alerts cannot be sent: a channel, or what posts for it, does not exist or takes other options."""
    try:
        channels()
        import_string(conf.http_post)
    except (KeyError, ImportError, TypeError, ValueError) as error:
        yield Error(f"{NAME}['ALERT_CHANNELS']: {error}.", id="bulwark_auditlog.E011")


def check_middleware(**_: Any) -> Iterable[CheckMessage]:
    """E005: the middleware is missing. W002: it does not stand first, so what stands before it is not covered."""
    if MIDDLEWARE not in settings.MIDDLEWARE:
        yield Error(f"Put {MIDDLEWARE!r} first in MIDDLEWARE.", id="bulwark_auditlog.E005")
    elif settings.MIDDLEWARE[0] != MIDDLEWARE:
        yield Warning(f"{MIDDLEWARE!r} does not stand first in MIDDLEWARE.", id="bulwark_auditlog.W002")


def check_session_model(**_: Any) -> Iterable[CheckMessage]:
    """E006: the model of a session does not exist."""
    if conf.session_model:
        try:
            apps.get_model(conf.session_model)
        except (LookupError, ValueError) as error:
            yield Error(f"{NAME}['SESSION_MODEL']: {error}", id="bulwark_auditlog.E006")


def check_spool(**_: Any) -> Iterable[CheckMessage]:
    """W003: events would wait in a folder that a restart empties."""
    if not getattr(settings, NAME, {}).get("SPOOL"):
        hint = f"Set {NAME}['SPOOL'] to a folder on a local disk that the application may write to."
        yield Warning(
            "Events that wait for the database are kept in the temporary folder.", hint=hint, id="bulwark_auditlog.W003"
        )


def check_database(**_: Any) -> Iterable[CheckMessage]:
    """E008: the database that the log would be kept in is none that we know; nothing is asked of it."""
    vendor = connections[router.db_for_write(Event)].vendor
    if vendor not in VENDORS:
        hint = "Keep the log in PostgreSQL 15+ or SQLite: another database, and a router that sends it there."
        yield Error(f"The log does not work on {vendor}.", hint=hint, id="bulwark_auditlog.E008")


def check_seal(**_: Any) -> Iterable[CheckMessage]:
    """E012: a key of the seal cannot be read. E013: a publisher cannot be made."""
    try:
        own_keys()
    except KeyRefused as error:
        yield Error(f"{NAME}['SEAL_KEYS']: {error}", id="bulwark_auditlog.E012")
    for name in conf.publishers:
        try:
            publishing.publisher(name)
        except (ImportError, KeyError, TypeError, ValueError) as error:
            text = f"{NAME}['PUBLISHERS'][{name!r}] makes no publisher: {error}"
            yield Error(text, id="bulwark_auditlog.E013")


def check_sealing(**_: Any) -> Iterable[CheckMessage]:
    """W006: no key is set, so that nothing can be verified. W007: checkpoints stay in the database."""
    if not conf.seal_keys.strip():
        hint = f"`manage.py auditlog_seal --new-key NAME` makes a key for {NAME}['SEAL_KEYS']."
        yield Warning("The log cannot be sealed or verified.", hint=hint, id="bulwark_auditlog.W006")
    elif not conf.publishers:
        hint = f"Name a place in {NAME}['PUBLISHERS'] that the database's owner cannot write to."
        yield Warning("Nobody can see when the end of the log is cut off.", hint=hint, id="bulwark_auditlog.W007")


def check_triggers(databases: Sequence[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """E007: the table of events is there, and its triggers are not."""
    for connection in _connections(databases):
        if connection.vendor in VENDORS and (lost := triggers.missing(connection, Event._meta.db_table)):
            hint = "A migration that makes the table anew must end with operations.AppendOnly."
            yield Error(
                f"The log is not append-only: {', '.join(lost)} is missing.", hint=hint, id="bulwark_auditlog.E007"
            )


def check_partitions(databases: Sequence[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """W004: this month or the next has no partition, so that its events land in the default one."""
    for connection in _connections(databases):
        if connection.vendor == "postgresql" and (months := partitions.missing(connection, Event._meta.db_table, 1)):
            names = ", ".join(f"{month.year}-{month.month:02}" for month in months)
            hint = "Run `manage.py auditlog_partitions` every day."
            yield Warning(f"The log has no partition for {names}.", hint=hint, id="bulwark_auditlog.W004")


def check_audited(**_: Any) -> Iterable[CheckMessage]:
    """E009: an audited field does not exist, or is no column."""
    for watch in registry.values():
        columns = {field.name for field in watch.model._meta.concrete_fields}
        for name in watch.fields:
            if name not in columns:
                yield Error(f"{watch.prefix} has no column {name!r} to audit.", id="bulwark_auditlog.E009")


def check_watched(databases: Sequence[str] | None = None, **_: Any) -> Iterable[CheckMessage]:
    """W005: the triggers of an audited model are not in the database, or not those of its fields."""
    for connection in _connections(databases):
        if connection.vendor == "postgresql" and (watches := watching.missing(connection)):
            names = ", ".join(watch.prefix for watch in watches)
            hint = "Run `manage.py auditlog_watch` after each migration."
            yield Warning(f"Changes without save() are not seen: {names}.", hint=hint, id="bulwark_auditlog.W005")


def _connections(databases: Sequence[str] | None) -> Iterator[BaseDatabaseWrapper]:
    """Yield the connections that hold the log; none where it was not migrated yet."""
    for alias in databases or ():
        connection = connections[alias]
        if router.allow_migrate_model(alias, Event) and _has_table(connection):
            yield connection


def _has_table(connection: BaseDatabaseWrapper) -> bool:
    try:
        return Event._meta.db_table in connection.introspection.table_names()
    except DatabaseError:
        return False


def check_shipping(**_: Any) -> Iterable[CheckMessage]:
    """E015: a receiver of events cannot be made."""
    for name in conf.shipping:
        try:
            receiver(name)
        except (ImportError, KeyError, TypeError, ValueError) as error:
            text = f"{NAME}['SHIPPING'][{name!r}] makes no receiver: {error}"
            yield Error(text, id="bulwark_auditlog.E015")


def check_namesake(**_: Any) -> Iterable[CheckMessage]:
    """E016: django-auditlog is installed too, and one of the two packages hides the other's modules."""
    if __package__ != _NAMESAKE:
        return  # moved, as in the wheel: the labels differ, and so do tables, permissions and commands
    try:
        version = metadata.version(f"django-{_NAMESAKE}")
    except metadata.PackageNotFoundError:
        return
    hint = "Install the wheel, where this app is bulwark.auditlog: both can then be used together."
    yield Error(f"django-auditlog {version} has the import name of this app.", hint=hint, id="bulwark_auditlog.E016")


ALL = (
    check_shipping,
    check_namesake,
    check_responses,
    check_never_block,
    check_rules,
    check_channels,
    check_keys,
    check_signals,
    check_getters,
    check_types,
    check_middleware,
    check_session_model,
    check_audited,
    check_database,
    check_seal,
)
ON_DEPLOY = (check_spool, check_sealing)
ON_DATABASE = (check_triggers, check_partitions, check_watched)
