"""Connects the signals that settings list to the log."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .conf import conf
from .models import Outcome
from .recording import record

logger = logging.getLogger(__name__)
Adapter = Callable[[dict[str, Any]], dict[str, Any]]
_EXPECTED = {
    "request": HttpRequest,
    "user": AbstractBaseUser | AnonymousUser,
    "target": Model,
    "data": Mapping,
}


def subscribe() -> None:
    """Connect every signal of `BULWARK_AUDITLOG["SIGNALS"]`; a path that leads nowhere is told by a system check."""
    for path in conf.signals:
        try:
            signal = signal_at(path)
        except ImportError:
            logger.critical("%s is no signal: what it tells is not recorded.", path)
            continue
        signal.connect(_receiver(path), dispatch_uid=uid(path), weak=False)


def signal_at(path: str) -> Signal:
    """Return the signal that a dotted path names.

    :raises ImportError: there is none.
    """
    found = import_string(path)
    if not isinstance(found, Signal):
        msg = f"{path} is no django.dispatch.Signal"
        raise ImportError(msg)  # noqa: TRY004 - import_string's own error, so that callers know one
    return found


def uid(path: str) -> str:
    return f"bulwark_auditlog:{path}"


def event_name(path: str) -> str:
    """Return the type of the events that the signal at ``path`` makes, as "accounts.token_rotated"."""
    module, _, name = path.rpartition(".")
    app = apps.get_containing_app_config(module)
    label = app.label if app else module.rpartition(".")[0].rpartition(".")[2]
    return f"{label.removeprefix('bulwark_')}.{name}"


def _receiver(path: str) -> Callable[..., None]:
    name, adapt = event_name(path), _ADAPTERS.get(path, _as_sent)

    def receive(sender: Any, **arguments: Any) -> None:  # noqa: ARG001 - every receiver is called with one
        record(name, **adapt(arguments))

    return receive


def _as_sent(arguments: dict[str, Any]) -> dict[str, Any]:
    """Read the keywords that signals of this project carry; `changes` and `reason` may stand in `data`.

    What is of the wrong type is left out: an event with a hole is better than none.
    """
    request = arguments.get("request")
    known = {name: arguments.get(name) for name in _EXPECTED}
    known["request"] = getattr(request, "_request", request)  # REST framework wraps Django's
    for name, kind in _EXPECTED.items():
        if not isinstance(known[name], kind | None):
            logger.error("%s of a signal is a %s.", name, type(known[name]).__name__)
            known[name] = None
    data = dict(known.pop("data") or {})
    changes = data.pop("changes", None)
    outcome = arguments.get("outcome", Outcome.SUCCESS)
    if outcome not in Outcome.values:
        logger.error("%r is no outcome; the event is recorded as failed.", outcome)
        outcome = Outcome.FAILED
    return {
        **known,
        "outcome": outcome,
        "reason": data.pop("reason", None) or "",
        "changes": changes if isinstance(changes, Mapping) else None,
        "data": data,
    }


def _django_login(arguments: dict[str, Any]) -> dict[str, Any]:
    user = arguments.get("user")
    return {"request": arguments.get("request"), "user": user, "target": user}


def _django_login_failed(arguments: dict[str, Any]) -> dict[str, Any]:
    """Name the account where there is one. What was typed is kept as a hash, since people type passwords into it."""
    given = arguments.get("credentials", {})
    typed = str(given.get("username", given.get(get_user_model().USERNAME_FIELD, "")))
    account = _account(typed)
    return {
        "request": arguments.get("request"),
        "user": account,  # whom the client claims to be
        "target": account,
        "outcome": Outcome.FAILED,
        "data": {"identifier": hashlib.sha256(typed.encode(errors="replace")).hexdigest()[:16]},
    }


def _account(typed: str) -> Any:
    model = get_user_model()
    try:
        return model._default_manager.get_by_natural_key(typed)  # noqa: SLF001 - Django's documented face of a model
    except model.DoesNotExist:
        return None
    except Exception:
        # A manager of the host's may know no such key, or two accounts of one.
        logger.exception("The account of a failed login cannot be found.")
        return None


_ADAPTERS: dict[str, Adapter] = {
    "django.contrib.auth.signals.user_logged_in": _django_login,
    "django.contrib.auth.signals.user_logged_out": _django_login,
    "django.contrib.auth.signals.user_login_failed": _django_login_failed,
}
