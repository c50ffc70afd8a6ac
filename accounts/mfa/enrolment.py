"""Adding and removing second factors, and taking all of them away for somebody who has lost them.

What comes first ends the other sessions, which were started with less, and raises the one it was shown in, whose
`auth_time` is then: access tokens from before gain nothing (`assurance`, Note [old tokens]). What comes last takes the
recovery codes along.
The views ask for a recent login before they come here (`permissions.CredentialChange`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.dispatch import Signal
from django.http import HttpRequest

from .. import people, sessions, signals
from ..models import EndReason, Passkey, RecoveryCode, TokenFamily, TotpDevice
from ..reasons import checked_reason
from . import assurance, factors, holdings, passkeys, recovery, requirement, totp
from .proofs import FactorRefused, Method


class LastFactorNeeded(Exception):  # noqa: N818 - it describes a state
    """The user's role asks for a second factor, so the last one stays."""


class NotFound(Exception):  # noqa: N818 - as above
    """The user has no such factor."""


@dataclass(frozen=True)
class Enrolled:
    """A factor was added.

    :ivar recovery_codes: a new set where it is the first; it is shown once.
    :ivar has_raised: whether the session counts for more now: what stood for it before has to be replaced.
    """

    recovery_codes: list[str] = field(default_factory=list, repr=False)
    passkey: Passkey | None = None
    has_raised: bool = False


def confirm_totp(family: TokenFamily, code: str, *, request: HttpRequest, now: datetime) -> Enrolled:
    """Take an authenticator app into use, by its first code.

    :raises FactorRefused: no seed waits, or the code is not of it.
    """
    try:
        with sessions.alone_in(family):
            is_first = not holdings.is_enrolled(family.user)
            totp.confirm(family.user, code, now=now)
            return _added(family, Method.TOTP, ["otp", "mfa"], is_first=is_first, request=request, now=now)
    except FactorRefused as refused:
        factors.tell_refused(family.user, Method.TOTP, refused, step="enrol", request=request)
        raise


def add_passkey(
    family: TokenFamily,
    credential: Mapping[str, Any],
    state: str,
    *,
    name: str,
    request: HttpRequest,
    now: datetime,
) -> Enrolled:
    """Take a passkey into use.

    :raises FactorRefused: the browser's answer does not fit, or the passkey is known.
    """
    try:
        with sessions.alone_in(family):
            is_first = not holdings.is_enrolled(family.user)
            passkey = passkeys.register(family.user, credential, state, name=name, request=request, now=now)
            amr = passkeys.amr_of(passkey)
            added = _added(family, Method.PASSKEY, amr, is_first=is_first, request=request, now=now)
            return replace(added, passkey=passkey)
    except FactorRefused as refused:
        factors.tell_refused(family.user, Method.PASSKEY, refused, step="enrol", request=request)
        raise


def remove_totp(family: TokenFamily, *, request: HttpRequest) -> None:
    """Take the authenticator app away.

    :raises NotFound: there is none.
    :raises LastFactorNeeded: it is the last factor, and one is required.
    """
    with sessions.alone_in(family):
        if not TotpDevice.objects.of(family.user).confirmed().delete()[0]:
            raise NotFound
        _removed(family.user, Method.TOTP, request)


def remove_passkey(family: TokenFamily, passkey_id: UUID, *, request: HttpRequest) -> None:
    """Take a passkey away.

    :raises NotFound: the user has no such passkey.
    :raises LastFactorNeeded: it is the last factor, and one is required.
    """
    with sessions.alone_in(family):
        if not Passkey.objects.of(family.user).filter(pk=passkey_id).delete()[0]:
            raise NotFound
        _removed(family.user, Method.PASSKEY, request)


def rename_passkey(family: TokenFamily, passkey_id: UUID, name: str) -> Passkey:
    """Call a passkey something else.

    :raises NotFound: the user has no such passkey.
    """
    mine = Passkey.objects.of(family.user).filter(pk=passkey_id)
    if not mine.update(name=name):
        raise NotFound
    return mine.get()


def regenerate_codes(family: TokenFamily, *, request: HttpRequest, now: datetime) -> list[str]:
    """Make a new set of recovery codes in place of the old one, and return it.

    :raises NotFound: there is no second factor that they could stand in for.
    """
    user = family.user
    with sessions.alone_in(family):
        if not holdings.is_enrolled(user):
            raise NotFound
        codes = recovery.regenerate(user, now=now)
        _send(signals.recovery_codes_regenerated, request, user, user, {"count": len(codes)})
    return codes


def reset(user: Any, *, by: str, reason: str, request: HttpRequest | None, actor: Any, now: datetime) -> int:
    """Take all second factors of a user away, end all of the user's sessions and return how many that were.

    For a user who has lost them and has been identified another way (OWASP ASVS 5.0, V6.4.4).

    :param by: what does it: `admin`, `command`.
    :param reason: how the user was identified, in words that will be read in the log.
    :param actor: who does it, or None.
    :raises ValueError: the reason is empty or too long.
    :raises AccountGone: the account has been deleted meanwhile.
    """
    reason = checked_reason(reason)
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        people.hold(user)
        for model in (TotpDevice, Passkey, RecoveryCode):
            model.objects.filter(user_id=user.pk).delete()
        ended = sessions.end_all(TokenFamily.objects.of(user), now=now, reason=EndReason.MFA_RESET)
        _send(signals.mfa_reset, request, actor, user, {"by": by, "reason": reason, "sessions": ended})
    return ended


def _added(
    family: TokenFamily, method: Method, amr: list[str], *, is_first: bool, request: HttpRequest, now: datetime
) -> Enrolled:
    """Raise the session in which the factor was shown, and make recovery codes where it is the first."""
    user, codes, ended = family.user, [], 0
    methods = [*family.amr, *(word for word in amr if word not in family.amr)]
    has_raised = assurance.level_of(methods) > assurance.level_of(family.amr)
    changed: dict[str, Any] = {"amr": methods, "auth_time": now} if has_raised else {"amr": methods}
    vars(family).update(changed)
    TokenFamily.objects.filter(pk=family.pk).update(**changed)
    if is_first:
        codes = recovery.regenerate(user, now=now)
        others = TokenFamily.objects.of(user).exclude(pk=family.pk)
        ended = sessions.end_all(others, now=now, reason=EndReason.MFA_ENROLLED)
    data = {"method": method, "first": is_first, "sessions": ended}
    _send(signals.mfa_enrolled, request, user, user, data)
    return Enrolled(codes, has_raised=has_raised)


def _removed(user: AbstractBaseUser, method: Method, request: HttpRequest) -> None:
    left = [each for each in holdings.methods_of(user) if each is not Method.RECOVERY_CODE]
    if not left and requirement.is_required(user):
        raise LastFactorNeeded
    if not left:
        recovery.remove(user)
    _send(signals.mfa_removed, request, user, user, {"method": method, "left": len(left)})


def _send(signal: Signal, request: HttpRequest | None, user: Any, target: Any, data: dict[str, Any]) -> None:
    signal.send(sender=type(target), request=request, user=user, target=target, outcome="success", data=data)
