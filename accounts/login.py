"""From a name and a password to a session."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password
from django.db import router, transaction
from django.http import HttpRequest
from django.utils.module_loading import import_string

from edge.client_ip import client_ip

from . import keys, people, sessions, signals
from .conf import conf
from .credentials import auth_hash, check_password
from .derivation import keyed_hash
from .devices import MAX_USER_AGENT, device_label
from .models import EndReason, TokenFamily
from .rotation import Granted, grant


class LoginFault(StrEnum):
    """Why a login is refused. Only the last is told to the client, who has shown the password by then."""

    INACTIVE = "inactive"
    PASSWORD = "wrong_password"  # noqa: S105 - a word
    UNKNOWN = "unknown_account"
    UNUSABLE = "no_usable_password"
    UNVERIFIED = "email_not_verified"


@dataclass(frozen=True)
class LoginRefused:
    """No session. ``fault`` is for signals; a client learns no more than that the credentials do not fit."""

    fault: LoginFault
    user: AbstractBaseUser | None = None


def log_in(
    identifier: str, password: str, *, transport: str, request: HttpRequest, now: datetime
) -> Granted | LoginRefused:
    """Start a session for who shows the right password.

    Whoever is named, one password is hashed: the time tells nothing (OWASP ASVS 5.0, V6.3.8).

    :param identifier: the address, or what the user model logs in with.
    :param transport: one of `models.Transport`.
    """
    checked = authenticate(identifier, password, request=request)
    if isinstance(checked, LoginRefused):
        return checked
    return start_session(checked, transport=transport, amr=["pwd"], request=request, now=now)


def authenticate(identifier: str, password: str, *, request: HttpRequest | None) -> AbstractBaseUser | LoginRefused:
    """Return the user who shows the right password, or why nobody does; a refusal is signalled."""
    checked = _checked(identifier, password)
    if isinstance(checked, LoginRefused):
        _report(checked, identifier, request)
    return checked


def start_session(
    user: AbstractBaseUser, *, transport: str, amr: Sequence[str], request: HttpRequest | None, now: datetime
) -> Granted:
    """Start a session for a user who has proven who they are, and return its first tokens.

    :param request: where it comes from; None for a session that is started outside of one.
    :param amr: how it was proven (RFC 8176): `pwd`, `otp`, `hwk`.
    """
    family = _new_family(user, transport=transport, amr=amr, request=request, now=now)
    family.user = user  # type: ignore[assignment]  # whatever model the host has
    with transaction.atomic(using=router.db_for_write(TokenFamily)):
        family.save(force_insert=True)
        user.last_login = now  # also uses up the reset links that are still out
        user.save(update_fields=["last_login"])
        _end_the_oldest(user, now=now)
        signals.login_succeeded.send(
            sender=TokenFamily,
            request=request,
            user=user,
            target=family,
            outcome="success",
            data={"transport": transport, "amr": list(amr)},
        )
    if conf.session_annotations:
        family = sessions.find(family.pk) or family
    return grant(family, now=now)


def _checked(identifier: str, password: str) -> AbstractBaseUser | LoginRefused:
    user = people.find(identifier)
    if user is None or not user.is_active or not user.has_usable_password():
        make_password(password)
        if user is None:
            return LoginRefused(LoginFault.UNKNOWN)
        return LoginRefused(LoginFault.UNUSABLE if user.is_active else LoginFault.INACTIVE, user)
    if not check_password(user, password):
        return LoginRefused(LoginFault.PASSWORD, user)
    if conf.require_verified_email and not people.is_verified(user):
        return LoginRefused(LoginFault.UNVERIFIED, user)
    return user


def _report(refused: LoginRefused, identifier: str, request: HttpRequest | None) -> None:
    signals.login_failed.send_robust(
        sender=get_user_model(),
        request=request,
        user=refused.user,
        target=None,
        outcome="refused",
        data={"reason": refused.fault, "identifier": pseudonym(identifier)},
    )


def pseudonym(identifier: str) -> str:
    """Return what stands for an address in the log: the same for the same address, and no address.

    People type their password where the name goes.
    """
    text = people.normalized(identifier).encode("utf-8", "surrogatepass")
    return keyed_hash("accounts.identifier", text)[:16]


def _new_family(
    user: AbstractBaseUser, *, transport: str, amr: Sequence[str], request: HttpRequest | None, now: datetime
) -> TokenFamily:
    agent = request.headers.get("User-Agent", "") if request else ""
    # What cannot be printed cannot be read in a list of sessions either, and NUL cannot be stored.
    user_agent = "".join(each if each.isprintable() else " " for each in agent[:MAX_USER_AGENT])
    expires_at = now + conf.session_lifetime
    return TokenFamily(
        user_id=user.pk,
        tenant=import_string(conf.tenant)(user) if conf.tenant else "",
        nonce=secrets.token_bytes(16),
        kid=keys.keyring().refresh.active(now).key.kid,
        created_at=now,
        rotated_at=now,
        idle_expires_at=min(now + conf.refresh_token_lifetime, expires_at),
        expires_at=expires_at,
        auth_hash=auth_hash(user),
        auth_time=now,
        amr=list(amr),
        ip=(client_ip(request) or None) if request else None,
        user_agent=user_agent,
        label=device_label(user_agent),
        transport=transport,
    )


def _end_the_oldest(user: AbstractBaseUser, *, now: datetime) -> None:
    """Keep the number of live sessions within the limit."""
    if conf.max_sessions:
        live = TokenFamily.objects.of(user).live(now).order_by("-created_at", "-pk")
        surplus = list(live.values_list("pk", flat=True)[conf.max_sessions :])
        if surplus:
            sessions.end_all(TokenFamily.objects.filter(pk__in=surplus), now=now, reason=EndReason.TOO_MANY)
