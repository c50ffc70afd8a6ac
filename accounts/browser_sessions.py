"""Django's sessions for pages, each on a `TokenFamily` of its own.

Whoever is logged in by `django.contrib.auth.login`, through whatever door, gets a family whose id stands in the Django
session. So pages and the API share one list of sessions, one way to end them, their limits, `amr`, `auth_time` and
events. `middleware.BrowserSessionMiddleware` ends the Django session when its family is over.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model, login
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, update_last_login
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string

from . import credentials, sessions, signals
from .conf import conf
from .login import start_family
from .logout import end_by_holder
from .mfa import second_step
from .mfa.requirement import is_due
from .mfa.second_step import FirstStep, SecondStepNeeded, SecondStepSkipped
from .models import EndReason, TokenFamily, Transport

#: Where the Django session keeps the id of its family.
FAMILY_KEY = "_bulwark_family"
_FAMILY, _AMR, _SECOND_STEP = "_bulwark_family", "_bulwark_amr", "_bulwark_second_step"


def connect() -> None:
    """Start to give each Django login a family."""
    # Before Django notes this login as the last one: whether there was another tells whether the device is a new one.
    was_connected = user_logged_in.disconnect(dispatch_uid="update_last_login")
    user_logged_in.connect(_on_login, dispatch_uid="bulwark_accounts.browser_sessions")
    if was_connected:
        user_logged_in.connect(update_last_login, dispatch_uid="update_last_login")
    user_logged_out.connect(_on_logout, dispatch_uid="bulwark_accounts.browser_sessions")


def log_in(request: HttpRequest, user: AbstractBaseUser, *, amr: Sequence[str]) -> TokenFamily | None:
    """Log a browser in who has proven to be ``user``, and return the session.

    It is None where the user has a second factor that was not shown: nobody is logged in then, and `second_step_of`
    says who is expected on the page `login/mfa`.

    This function gives the Django session a new key, so that one planted before is worth nothing (ASVS 5.0, V7.2.4).

    :param amr: how it was proven (RFC 8176): `pwd`, `otp`, `hwk`.
    """
    family_of(request)  # Django forgets another user's session unseen; it ends with this login
    vars(request)[_AMR] = list(amr)
    person: Any = user  # Django's types know its own user only
    login(request, person, backend=getattr(user, "backend", None) or settings.AUTHENTICATION_BACKENDS[0])
    family: TokenFamily | None = vars(request)[_FAMILY]
    return family


def second_step_of(request: HttpRequest) -> FirstStep | None:
    """Return the login that this browser has begun with its first factor, or None."""
    token = request.session.get(_SECOND_STEP, "")
    first = second_step.read(token) if token else None
    return first if first is not None and first.transport == Transport.SESSION else None


def forget_second_step(request: HttpRequest) -> None:
    """Give up the login that was begun, or note that it is done."""
    request.session.pop(_SECOND_STEP, None)


def family_of(request: HttpRequest) -> TokenFamily | None:
    """Return the live session behind the Django session, with its user, or None: one query, made once a request.

    This function ends a Django session whose family has ended, has run out, or was started with credentials that its
    user has no more, and signals `token_used_after_revocation` unless it has run out.
    """
    known = vars(request)
    if _FAMILY not in known:
        known[_FAMILY] = _judged(request, now=timezone.now()) if SESSION_KEY in request.session else None
    found: TokenFamily | None = known[_FAMILY]
    return found


def user_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Return the user of the Django session, or Django's anonymous one.

    Who still has to show or add the second factor that their role asks for is nobody yet; the pages where they do that
    go by `family_of`.
    """
    family = family_of(request)
    user = AnonymousUser() if family is None or is_due(family.user, family) else family.user
    vars(request)["_cached_user"] = user  # as Django's own: who asks there costs nothing
    return user


async def auser_of(request: HttpRequest) -> AbstractBaseUser | AnonymousUser:
    """Return what `user_of` does without blocking the event loop."""
    return await sync_to_async(user_of)(request)


def known_family(request: HttpRequest) -> TokenFamily | None:
    """Return the session if this request has looked it up already: never a query."""
    found: TokenFamily | None = vars(request).get(_FAMILY)
    return found


@lru_cache(maxsize=8)
def is_installed(middleware: tuple[str, ...]) -> bool:
    """Say whether a project's MIDDLEWARE has the one that ends sessions."""
    from .middleware import BrowserSessionMiddleware

    found = (import_string(path) for path in middleware)
    return any(isinstance(each, type) and issubclass(each, BrowserSessionMiddleware) for each in found)


def _judged(request: HttpRequest, *, now: datetime) -> TokenFamily | None:
    family = _stored(request)
    fault = "unknown_session" if family is None else sessions.fault_of(family, now=now)
    if family is not None and not fault:
        _keep_alive(family, request, now=now)
        return family
    request.session.flush()
    if family is not None and fault != "expired":
        if family.revoked_at is None:
            sessions.end(family, now=now, reason=fault)
        signals.token_used_after_revocation.send_robust(
            sender=TokenFamily,
            request=request,
            user=family.user,
            target=family,
            outcome="refused",
            data={"reason": fault},
        )
    return None


def _stored(request: HttpRequest) -> TokenFamily | None:
    """Return the family that the Django session names, if it is its user's and made for a browser."""
    key: Any = get_user_model()._meta.pk  # noqa: SLF001 - Django documents it
    try:
        user_id = key.to_python(request.session[SESSION_KEY])
    except ValidationError:
        return None
    family_id = request.session.get(FAMILY_KEY)
    family = sessions.find(family_id, user_id) if family_id else None
    return family if family is not None and family.transport == Transport.SESSION else None


def _keep_alive(family: TokenFamily, request: HttpRequest, *, now: datetime) -> None:
    """Put off the end of a session that is in use: one UPDATE in ACCESS_TOKEN_LIFETIME, as a refresh would be."""
    if now - family.rotated_at < conf.access_token_lifetime:
        return
    idle = min(conf.refresh_token_lifetime.total_seconds(), request.session.get_expiry_age())
    before = family.auth_hash
    family.rotated_at = now
    family.idle_expires_at = min(now + timedelta(seconds=idle), family.expires_at)
    # SECRET_KEY may have been rotated: from now on the new one counts.
    family.auth_hash = credentials.auth_hash(family.user)
    names = ("rotated_at", "idle_expires_at", "auth_hash")
    values = {name: getattr(family, name) for name in names}
    TokenFamily.objects.filter(pk=family.pk, revoked_at=None, auth_hash=before).update(**values)
    request.session.modified = True  # Django's own clock starts anew as well


def _on_login(*, request: HttpRequest, user: Any, **_: Any) -> None:
    """Receive Django's signal: start the family, and end the one that this browser had."""
    if not is_installed(tuple(settings.MIDDLEWARE)) or not hasattr(request, "session"):
        return  # without the middleware nothing would end what is listed, and a check says so
    now = timezone.now()
    before = known_family(request)
    before_id = before.pk if before is not None else request.session.get(FAMILY_KEY)
    if before_id:
        sessions.end_all(TokenFamily.objects.filter(pk=before_id), now=now, reason=EndReason.REPLACED)
    amr = vars(request).pop(_AMR, None) or _methods(user)
    idle, family = timedelta(seconds=request.session.get_expiry_age()), None
    while family is None:
        if "mfa" not in amr and (needed := second_step.begin(user, transport=Transport.SESSION, amr=amr)):
            _wait_for_second_step(request, needed)
            return
        with suppress(SecondStepSkipped):  # it was added this moment, and is asked for now
            family = start_family(user, transport=Transport.SESSION, amr=amr, request=request, now=now, idle=idle)
    request.session[FAMILY_KEY] = str(family.pk)
    vars(request)[_FAMILY] = family


def _wait_for_second_step(request: HttpRequest, needed: SecondStepNeeded) -> None:
    """Undo what Django's `login()` has done, and keep the token of the second step instead."""
    for key in (SESSION_KEY, BACKEND_SESSION_KEY, HASH_SESSION_KEY, FAMILY_KEY):
        request.session.pop(key, None)
    request.session[_SECOND_STEP] = needed.token
    vars(request)[_FAMILY] = None
    request.user = AnonymousUser()


def _methods(user: Any) -> list[str]:
    """Return how somebody has logged in whom another view of the host's logs in."""
    backend = getattr(user, "backend", "")
    return ["pwd"] if backend and issubclass(import_string(backend), ModelBackend) else []


def _on_logout(*, request: HttpRequest, **_: Any) -> None:
    """Receive Django's signal: end the family."""
    family = family_of(request) if hasattr(request, "session") else None
    if family is not None:
        end_by_holder(family, request=request, now=timezone.now())
        vars(request)[_FAMILY] = None
