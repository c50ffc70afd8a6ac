"""From a name and a password to a session."""

import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import router, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from edge.client_ip import client_ip

from . import guessing, keys, locks, sessions, signals
from .conf import conf
from .credentials import auth_hash
from .devices import MAX_USER_AGENT, device_label
from .first_factor import LoginFault, LoginRefused, authenticate, pseudonym
from .mfa import holdings, second_step
from .mfa.second_step import SecondStepNeeded, SecondStepSkipped
from .models import EndReason, TokenFamily, Transport
from .rotation import Granted, grant

__all__ = [
    "LoginFault",
    "LoginRefused",
    "SecondStepNeeded",
    "admit",
    "authenticate",
    "log_in",
    "pseudonym",
    "start_family",
    "start_session",
]


def log_in(
    identifier: str,
    password: str,
    *,
    transport: str,
    request: HttpRequest,
    now: datetime,
    solution: str = "",
    dpop_jkt: str = "",
) -> Granted | SecondStepNeeded | LoginRefused:
    """Start a session for who shows the right password, or say that a second factor is needed first.

    Whoever is named, one password is hashed: the time tells nothing (OWASP ASVS 5.0, V6.3.8).

    :param identifier: the address, or what the user model logs in with.
    :param transport: one of `models.Transport`.
    :param solution: a solved challenge, where one was asked for.
    :param dpop_jkt: the thumbprint of the key to bind the session to; empty for none.
    """
    checked = authenticate(identifier, password, request=request, solution=solution)
    if isinstance(checked, LoginRefused):
        return checked
    return admit(checked, transport=transport, amr=["pwd"], request=request, now=now, dpop_jkt=dpop_jkt)


def admit(
    user: AbstractBaseUser,
    *,
    transport: str,
    amr: list[str],
    request: HttpRequest | None,
    now: datetime,
    dpop_jkt: str = "",
) -> Granted | SecondStepNeeded:
    """Start a session for a user who has shown a first factor, unless the user has a second one.

    :param amr: what was shown (RFC 8176): `pwd`, or `fed` for another provider's word.
    :param dpop_jkt: the thumbprint of the key to bind the session to; empty for none.
    """
    while (needed := second_step.begin(user, transport=transport, amr=amr, dpop_jkt=dpop_jkt)) is None:
        with suppress(SecondStepSkipped):  # it was added this moment, and is asked for now
            return start_session(user, transport=transport, amr=amr, request=request, now=now, dpop_jkt=dpop_jkt)
    return needed


def start_session(
    user: AbstractBaseUser,
    *,
    transport: str,
    amr: Sequence[str],
    request: HttpRequest | None,
    now: datetime,
    **fields: Any,
) -> Granted:
    """Start a session for a user who has proven who they are, and return its first tokens.

    :param request: where it comes from; None for a session that is started outside of one.
    :param amr: how it was proven (RFC 8176): `pwd`, `otp`, `hwk`, and `mfa` when it was more than one factor.
    :param fields: more fields of the session: `client`, `dpop_jkt`, `auth_time`.
    """
    family = start_family(user, transport=transport, amr=amr, request=request, now=now, **fields)
    if conf.session_annotations:
        family = sessions.find(family.pk) or family
    return grant(family, now=now)


def start_family(
    user: AbstractBaseUser,
    *,
    transport: str,
    amr: Sequence[str],
    request: HttpRequest | None,
    now: datetime,
    idle: timedelta | None = None,
    **fields: Any,
) -> TokenFamily:
    """Start a session, whose tokens or cookie the caller gives out.

    :param idle: how long it may lie idle; REFRESH_TOKEN_LIFETIME when left out, and never more.
    :param fields: as for `start_session`.
    :raises AccountLocked: staff have locked the account; nothing is started.
    :raises SecondStepSkipped: one factor was shown, and the user has a second one: call `admit`.
    """
    family = _new_family(user, transport=transport, amr=amr, request=request, now=now, **fields)
    family.user = user  # type: ignore[assignment]  # whatever model the host has
    if idle is not None:
        family.idle_expires_at = min(family.idle_expires_at, now + idle)
    # A client that exchanges a code is no login of its own: its user has logged in for it, and was told then.
    is_new_device = (
        request is not None and not family.client and user.last_login is not None and not _is_known(request, family)
    )
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        family.save(force_insert=True)
        user.last_login = now  # also uses up the reset links that are still out
        user.save(update_fields=["last_login"])
        # After the writes, which wait for a lock that is being put on, or for a second factor that is being added.
        if locks.is_locked(user, now=now):
            raise locks.AccountLocked
        if "mfa" not in amr and holdings.is_enrolled(user):
            raise SecondStepSkipped
        _end_the_oldest(user, request=request, now=now)
        signals.login_succeeded.send(
            sender=TokenFamily,
            request=request,
            user=user,
            target=family,
            outcome="success",
            data={"transport": transport, "amr": list(amr)},
        )
        if is_new_device:
            _tell_new_device(family, request)
    return family


def _tell_new_device(family: TokenFamily, request: HttpRequest | None) -> None:
    signals.new_device_seen.send(
        sender=TokenFamily,
        request=request,
        user=family.user,
        target=family,
        outcome="success",
        data={"device": family.label},
    )


def _is_known(request: HttpRequest, family: TokenFamily) -> bool:
    """Say whether the user has logged in from this device before: by its cookie, or, for a program that keeps none, by
    its address and its user agent together.
    """
    if guessing.is_trusted(request, family.user):
        return True
    earlier = TokenFamily.objects.of(family.user).filter(ip=family.ip, user_agent=family.user_agent)
    return family.ip is not None and earlier.exists()


def _new_family(
    user: AbstractBaseUser,
    *,
    transport: str,
    amr: Sequence[str],
    request: HttpRequest | None,
    now: datetime,
    **fields: Any,
) -> TokenFamily:
    agent = request.headers.get("User-Agent", "") if request else ""
    # What cannot be printed cannot be read in a list of sessions either, and NUL cannot be stored.
    user_agent = "".join(each if each.isprintable() else " " for each in agent[:MAX_USER_AGENT])
    expires_at = now + conf.session_lifetime
    return TokenFamily(
        user_id=user.pk,
        tenant=import_string(conf.tenant)(user) if conf.tenant else "",
        nonce=secrets.token_bytes(16),
        kid=keys.keyring().refresh.active(now).key.kid if transport != Transport.SESSION else "",
        created_at=now,
        rotated_at=now,
        idle_expires_at=min(now + conf.refresh_token_lifetime, expires_at),
        expires_at=expires_at,
        auth_hash=auth_hash(user),
        amr=list(amr),
        ip=(client_ip(request) or None) if request else None,
        user_agent=user_agent,
        label=device_label(user_agent),
        transport=transport,
        **{"auth_time": now, **fields},
    )


def _end_the_oldest(user: AbstractBaseUser, *, request: HttpRequest | None, now: datetime) -> None:
    """Keep the number of live sessions within the limit."""
    if conf.max_sessions:
        live = TokenFamily.objects.of(user).live(now).order_by("-created_at", "-pk")
        surplus = list(live[conf.max_sessions :])
        found = TokenFamily.objects.filter(pk__in=[each.pk for each in surplus])
        if surplus and (ended := sessions.end_all(found, now=now, reason=EndReason.TOO_MANY)):
            signals.session_revoked.send(
                sender=TokenFamily,
                request=request,
                user=user,
                target=surplus[0] if len(surplus) == 1 else None,
                outcome="success",
                data={"reason": EndReason.TOO_MANY, "by": "limit", "sessions": ended},
            )
