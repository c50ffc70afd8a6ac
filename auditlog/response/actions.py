"""The actions there are, and the one way to take and to undo them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from ..cleaning import text as cleaned
from ..conf import conf
from ..models import Alert, AlertStep, Response
from ..recording import record

#: What people need for it, besides a recent login.
PERMISSION = "bulwark_auditlog.respond_event"
_LONGEST = timedelta(days=3650)
_LONGEST_SUBJECT = 254


class Subject(StrEnum):
    """What an action is done to."""

    ACCOUNT = "account"
    EVERYBODY = ""
    NETWORK = "network"
    ROUTE = "route"
    SESSION = "session"
    TENANT = "tenant"


@dataclass(frozen=True)
class Action:
    """Something that can be done.

    :ivar lasts: it is done for a time.
    :ivar can_be_undone: the settings name a second function, which takes it back.
    """

    name: str
    label: str
    subject: Subject
    lasts: bool = False
    can_be_undone: bool = False


ACTIONS: tuple[Action, ...] = (
    Action("block_network", "Block an address or network", Subject.NETWORK, lasts=True, can_be_undone=True),
    Action("disable_route", "Disable a route", Subject.ROUTE, lasts=True, can_be_undone=True),
    Action("end_all_sessions", "End every session of everybody", Subject.EVERYBODY),
    Action("end_session", "End a session", Subject.SESSION),
    Action("end_tenant_sessions", "End every session of a tenant", Subject.TENANT),
    Action("end_user_sessions", "End every session of an account", Subject.ACCOUNT),
    Action("force_mfa", "Ask an account for a second factor from now on", Subject.ACCOUNT, can_be_undone=True),
    Action("force_password_reset", "Make an account choose a new password", Subject.ACCOUNT),
    Action("lock_account", "Lock an account", Subject.ACCOUNT, lasts=True, can_be_undone=True),
    Action("rotate_signing_key", "Sign with a new key now", Subject.EVERYBODY),
)


class ResponseRefused(Exception):  # noqa: N818 - errors are past participles in this project
    """The action was not taken; the text says why."""


def offered() -> dict[str, Action]:
    """Return the actions that the settings name a function for, by name."""
    return {action.name: action for action in ACTIONS if action.name in conf.responses}


def allows(request: HttpRequest) -> bool:
    """Say whether the user of ``request`` may act now: with the permission, and a login that is recent."""
    return bool(request.user.has_perm(PERMISSION)) and bool(import_string(conf.recent_login)(request))


def respond(
    name: str,
    subject: str,
    *,
    reason: str,
    seconds: int = 0,
    request: HttpRequest | None = None,
    by: str = "",
    alert: Alert | None = None,
    is_automatic: bool = False,
) -> Response:
    """Take an action, keep that it was taken, and tell the log.

    :param subject: the address, account, session or what else it is done to.
    :param seconds: how long it lasts, where it does; 0: until it is undone.
    :param request: of the person who acts; None: a command or a rule, named by ``by``.
    :raises ResponseRefused: there is no such action here, it has no reason, or it could not be done.
    :raises PermissionDenied: the person may not act, or must log in again first.
    """
    action = checked(name, subject, reason=reason, seconds=seconds)
    if request is not None and not allows(request):
        raise PermissionDenied("Acting needs the permission to respond and a recent login.")
    now, user = timezone.now(), getattr(request, "user", None)
    with transaction.atomic(using=router.db_for_write(Response)):
        response = Response.objects.create(
            action=name,
            subject=subject,
            reason=reason,
            by=user.get_username() if user else by,
            is_automatic=is_automatic,
            alert=alert,
            done_at=now,
            ends_at=now + timedelta(seconds=seconds) if seconds else None,
        )
        given = {"seconds": seconds} if action.lasts else {}
        _call(_functions(name)[0], subject, reason=reason, user=user, request=request, **given)
        data = {"action": name, "subject": subject, "reason": reason, "seconds": seconds, "automatic": is_automatic}
        record("auditlog.response_taken", request=request, user=user, target=response, data=data)
        _line(alert, response.by, f"{action.label}: {subject or 'everybody'} ({reason})")
    return response


def undo(response: Response, *, reason: str, request: HttpRequest | None = None, by: str = "") -> None:
    """Take an action back.

    :raises ResponseRefused: it cannot be undone, or was already.
    :raises PermissionDenied: the person may not act, or must log in again first.
    """
    action = undoable(response, reason=reason)
    if request is not None and not allows(request):
        raise PermissionDenied("Acting needs the permission to respond and a recent login.")
    user = getattr(request, "user", None)
    who = user.get_username() if user else by
    with transaction.atomic(using=router.db_for_write(Response)):
        if not Response.objects.filter(pk=response.pk, undone_at=None).update(undone_at=timezone.now(), undone_by=who):
            raise ResponseRefused("It was undone already.")
        _call(_functions(response.action)[1], response.subject, reason=reason, user=user, request=request)
        data = {"action": response.action, "subject": response.subject, "reason": reason}
        record("auditlog.response_undone", request=request, user=user, target=response, data=data)
        _line(response.alert, who, f"undone: {action.label}: {response.subject} ({reason})")


def undoable(response: Response, *, reason: str) -> Action:
    """Return the action that is to be taken back, as far as it can be told without doing so.

    :raises ResponseRefused: it cannot be taken back here, was already, or there is no reason.
    """
    action = offered().get(response.action)
    if action is None or len(_functions(response.action)) < 2 or not reason.strip():
        raise ResponseRefused("This action cannot be undone here, or has no reason.")
    if response.undone_at is not None:
        raise ResponseRefused("It was undone already.")
    return action


def checked(name: str, subject: str, *, reason: str, seconds: int = 0) -> Action:
    """Return the action that is asked for, as far as it can be told without taking it.

    :raises ResponseRefused: there is no such action here, it takes no such subject, reason or time, or there is no such
        subject.
    """
    action = offered().get(name)
    if action is None:
        raise ResponseRefused(f"There is no action {name!r} here. Known: {', '.join(offered())}.")
    if not 0 < len(reason.strip()) <= 200:
        raise ResponseRefused("Give a reason of at most 200 characters.")
    if len(subject) > _LONGEST_SUBJECT:
        raise ResponseRefused(f"What it is done to has at most {_LONGEST_SUBJECT} characters.")
    if bool(subject.strip()) is (action.subject is Subject.EVERYBODY):
        raise ResponseRefused(f"This action is done to {action.subject or 'everybody, and takes no subject'}.")
    if seconds < 0 or (seconds and not action.lasts):
        raise ResponseRefused("This action does not last for a time.")
    if seconds > _LONGEST.total_seconds():
        raise ResponseRefused(f"An action lasts {_LONGEST.days} days at most, or until it is undone.")
    finder = conf.response_subjects.get(action.subject)
    if finder is not None:
        _call(import_string(finder), subject)
    return action


def _functions(name: str) -> tuple[Callable[..., object], ...]:
    given = conf.responses[name]
    paths = (given,) if isinstance(given, str) else tuple(given)
    return tuple(import_string(path) for path in paths)


def _call(function: Callable[..., object], subject: str, **given: Any) -> None:
    try:
        function(subject, **given)
    except (LookupError, ValueError) as error:
        raise ResponseRefused(str(error)) from error


def _line(alert: Alert | None, actor: str, text: str) -> None:
    if alert is not None:
        AlertStep.objects.create(alert=alert, actor=actor, text=cleaned(text, 400))
