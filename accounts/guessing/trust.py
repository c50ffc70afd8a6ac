"""Device cookies: what shows that an account was logged in to from this browser before.

The cookie holds a random id, the time, and a signature over both and the account (OWASP, "Slow down online guessing
attacks with device cookies"). It opens nothing. It only chooses the budget that guesses are counted against, so a
stolen one gives a thief a handful of guesses, and none at any other account.
"""

import secrets
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from edge.context import django_request
from edge.ratelimit.keys import by_ip

from ..conf import conf
from ..derivation import keyed_hash, keyed_hashes
from .counts import account_of

_LABEL = "accounts.device"
#: Characters of a cookie; ours have about 100.
_MAX_LENGTH = 200


def cookie_name(account: str) -> str:
    """Return the name of the cookie for an account: people who share a browser have one each."""
    return next(_cookie_names(account))


def _cookie_names(account: str) -> Iterator[str]:
    """Yield the name under SECRET_KEY, then under each of its fallbacks."""
    for who in keyed_hashes("accounts.device_name", account.encode("utf-8", "surrogatepass")):
        yield f"{conf.cookie_prefix}{conf.device_cookie_name}_{who[:8]}"


def device_of(request: Any, account: str | AbstractBaseUser) -> str:
    """Return the id of the device that ``request`` comes from, if ``account`` was logged in to from it, or "".

    :param account: what somebody typed, or a user.
    """
    if request is None:
        return ""
    name = account_of(account)
    cookies = django_request(request).COOKIES
    value = next((cookies[each] for each in _cookie_names(name) if each in cookies), "")
    device, _, rest = value.partition(".")
    issued, _, signature = rest.partition(".")
    if len(value) > _MAX_LENGTH or not value.isascii() or not issued.isdigit() or not device:
        return ""
    if not 0 <= timezone.now().timestamp() - int(issued) <= conf.device_lifetime.total_seconds():
        return ""
    known = keyed_hashes(_LABEL, _message(name, device, issued))
    return device if any(constant_time_compare(signature, each) for each in known) else ""


def is_trusted(request: Any, account: str | AbstractBaseUser) -> bool:
    """Say whether ``account`` was logged in to from this device before."""
    return bool(device_of(request, account))


def trust_device(response: HttpResponseBase, account: str | AbstractBaseUser) -> None:
    """Set a new device cookie. Call it when a login is complete, its second factor included."""
    name, device = account_of(account), secrets.token_urlsafe(16)
    issued = str(int(timezone.now().timestamp()))
    response.set_cookie(
        cookie_name(name),
        f"{device}.{issued}.{keyed_hash(_LABEL, _message(name, device, issued))}",
        max_age=conf.device_lifetime,
        secure=bool(conf.cookie_prefix),
        httponly=True,
        samesite="Strict",
    )


def _message(account: str, device: str, issued: str) -> bytes:
    return f"{account}\n{device}\n{issued}".encode("utf-8", "surrogatepass")


def device_or_ip(_group: str, request: Any) -> str:
    """Return whose count a login goes to, as the key of a rate limit: a trusted device's own, or the address's.

    By the address alone, strangers behind the same one would keep the owner out.
    """
    device = device_of(request, _named(request))
    return f"device:{device}" if device else by_ip(request)


def _named(request: Any) -> str:
    """Return the account that a login names, in JSON or in one of the forms; "" when it names several: each door reads
    one of the fields, and guesses at one account would be charged to another's device.
    """
    data: Any = request.data if hasattr(request, "_request") else request.POST
    names = (get_user_model().USERNAME_FIELD, "username", "identifier")
    given = {data.get(name) for name in names} if hasattr(data, "get") else set()
    named = [each for each in given if isinstance(each, str)]
    return named[0] if len(named) == 1 else ""
