"""Changing a password and setting a forgotten one."""

from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from edge.problems.errors import Problem

from . import guessing, links, mail, people, sessions, signals
from .background import Origin, origin_of, request_from, task
from .credentials import auth_hash
from .first_factor import confirm_password
from .mfa import planted
from .models import EndReason, TokenFamily


class PasswordWrong(Exception):  # noqa: N818 - errors are past participles or say what is
    """The current password is not the one that was given."""


class LinkUsedUp(Problem):
    """A mailed link was used, is too old, or was made up."""

    status_code = 400
    default_detail = "The link has been used already, or is too old. Ask for a new one."
    default_code = "invalid_link"


def change_password(family: TokenFamily, *, current: str, new: str, request: HttpRequest, now: datetime) -> int:
    """Set a new password, end the user's other sessions and return how many that were.

    :raises PasswordWrong: ``current`` is not the password.
    :raises Problem: there were too many wrong ones (429), or they cannot be counted (503).
    :raises ValidationError: ``new`` is too weak.
    """
    user: AbstractBaseUser = family.user
    if not confirm_password(user, current, kind="password_change", request=request):
        _refused(signals.password_changed, request, user, "wrong_password")
        raise PasswordWrong
    validate_password(new, user)  # type: ignore[arg-type]  # Django's types know its own user only
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        held = people.hold_if_there(user)
        if held is None or held.password != user.password:  # another request has changed it meanwhile
            raise PasswordWrong
        _set(user, new)
        ended = keep_only(family, now=now)
        _done(signals.password_changed, request, user, ended)
    return ended


def keep_only(family: TokenFamily, *, now: datetime) -> int:
    """Let one session live on whose user has just changed the password, end the others and return how many."""
    others = TokenFamily.objects.of(family.user).exclude(pk=family.pk)
    ended = sessions.end_all(others, now=now, reason=EndReason.PASSWORD_CHANGED)
    TokenFamily.objects.filter(pk=family.pk).update(auth_hash=auth_hash(family.user))
    return ended


def request_reset(email: str, *, request: HttpRequest, solution: str = "") -> None:
    """Have a link mailed that sets a password, if an active account has the address.

    Each request counts as a guess at the address, known or not; Note [mailboxes] tells how many mails there are.

    :param solution: a solved challenge, where one was asked for.
    :raises Problem: there were too many (429), a challenge is due (403), or they cannot be counted (503).
    """
    reserved = guessing.reserve("reset", account=email, request=request, solution=solution)
    if isinstance(reserved, guessing.Exhausted):
        raise reserved.problem()
    mail_reset.enqueue(email, origin_of(request))


@task()
def mail_reset(email: str, origin: Origin) -> None:
    """Mail a link that sets a password to the active account of an address."""
    user, request = people.find_by_email(email), request_from(origin)
    is_known = user is not None and user.is_active
    signals.password_reset_requested.send_robust(
        sender=get_user_model(),
        request=request,
        user=None,
        target=user if is_known else None,
        outcome="success",
        data={"sent": user is not None and is_known and _send_asked_reset(user, request=request)},
    )


def _send_asked_reset(user: AbstractBaseUser, *, request: HttpRequest) -> bool:
    is_way_back = not people.awaits_verification(user)  # what nobody has verified has no owner yet
    link: tuple[links.Purpose, str] = ("reset", str(user.pk))
    to = people.email_of(user)
    return mail.send_asked("reset", to, request=request, user=user, link=link, is_way_back=is_way_back)


def send_reset(user: AbstractBaseUser) -> None:
    """Mail the link that sets a password, on the word of staff or of the owner."""
    mail.send("reset", people.email_of(user), link=("reset", str(user.pk)))


def reset_password(token: str, new: str, *, request: HttpRequest, now: datetime) -> AbstractBaseUser:
    """Set a password by a mailed link, end all sessions of its user, and return the user.

    Who can read the mail has shown that the address is theirs, so it counts as verified.

    :raises LinkUsedUp: the link is not valid, or not any more.
    :raises ValidationError: ``new`` is too weak; the link stays valid.
    """
    user = links.user_of(token, "reset")
    if user is None or not user.is_active:
        _refused(signals.password_reset, request, None, "invalid_link")
        raise LinkUsedUp
    validate_password(new, user)  # type: ignore[arg-type]  # as above
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        # Every link dies with the password that one replaces: of all that are used at once one succeeds.
        held = people.hold_if_there(user)
        if held is not None and links.fits(token, "reset", held):
            _reset(held, new, request=request, now=now)
            return held
    _refused(signals.password_reset, request, None, "invalid_link")
    raise LinkUsedUp


def _reset(user: AbstractBaseUser, new: str, *, request: HttpRequest, now: datetime) -> None:
    _set(user, new)
    if people.awaits_verification(user):
        planted.remove(user, request=request)  # whoever registered the address need not be who reads its mail
        people.mark_verified(user, now=now)
    ended = sessions.end_all(TokenFamily.objects.of(user), now=now, reason=EndReason.PASSWORD_RESET)
    _done(signals.password_reset, request, user, ended)


def check_new(password: str, *, email: str, name: str) -> None:
    """Check the password of somebody who has no account yet.

    :raises ValidationError: it is too weak.
    """
    validate_password(password, people.unsaved(email, name=name))


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return the code and the sentence of each fault that a password validator found."""
    return [(each.code or "invalid", each.messages[0]) for each in error.error_list]


def _set(user: AbstractBaseUser, password: str) -> None:
    user.set_password(password)
    user.save(update_fields=["password"])


def _done(signal: Signal, request: HttpRequest, user: Any, ended: int) -> None:
    signal.send(sender=type(user), request=request, user=user, target=user, outcome="success", data={"sessions": ended})


def _refused(signal: Signal, request: HttpRequest, user: AbstractBaseUser | None, reason: str) -> None:
    signal.send_robust(
        sender=get_user_model(), request=request, user=user, target=user, outcome="refused", data={"reason": reason}
    )
