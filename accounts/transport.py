"""How a browser keeps its refresh token: in a cookie that scripts cannot read and other sites cannot use."""

from django.http import HttpRequest, HttpResponseBase, parse_cookie
from django.urls import reverse

from .conf import conf
from .csrf import csrf_token
from .rotation import Granted

#: The prefix under which a cookie belongs to one host and the whole of it (RFC 6265bis, section 4.1.3.2).
HOST_PREFIX = "__Host-"


def cookie_name() -> str:
    """Return the name of the refresh cookie."""
    return conf.cookie_prefix + conf.cookie_name


def csrf_cookie_name() -> str:
    """Return the name of the cookie that the page's scripts read."""
    return conf.cookie_prefix + conf.csrf_cookie_name


def cookie_path() -> str:
    """Return the narrowest path that the prefix allows: the auth routes, or the whole host with `__Host-`."""
    return "/" if conf.cookie_prefix == HOST_PREFIX else reverse("bulwark_accounts:refresh").rpartition("/")[0]


def refresh_cookies(request: HttpRequest) -> list[str]:
    """Return the refresh token in the cookie; several where the browser sends several cookies of that name.

    Then another host of the domain has planted one (RFC 6265, section 8.6), and nothing tells which is ours. Under
    `__Host-` browsers take none from another host.
    """
    name, sent = cookie_name(), request.META.get("HTTP_COOKIE", "")
    found = (parse_cookie(each).get(name, "") for each in sent.split(";"))
    return [*dict.fromkeys(each for each in found if each)]


def set_cookies(response: HttpResponseBase, granted: Granted) -> None:
    """Put the refresh token into its cookie, and the CSRF token of the session into the readable one."""
    _set_cookie(response, granted, cookie_name(), granted.refresh, path=cookie_path(), is_hidden=True)
    _set_cookie(response, granted, csrf_cookie_name(), csrf_token(granted.family.pk), path="/", is_hidden=False)


def clear_cookies(response: HttpResponseBase) -> None:
    """Make the browser forget both cookies."""
    for name, path in ((cookie_name(), cookie_path()), (csrf_cookie_name(), "/")):
        response.delete_cookie(name, path=path, samesite="Strict")
        # A browser lets only a Secure cookie replace one with a prefix.
        response.cookies[name]["secure"] = bool(conf.cookie_prefix)


def _set_cookie(
    response: HttpResponseBase, granted: Granted, name: str, value: str, *, path: str, is_hidden: bool
) -> None:
    response.set_cookie(
        name,
        value,
        expires=granted.family.idle_expires_at,
        path=path,
        secure=bool(conf.cookie_prefix),
        httponly=is_hidden,
        samesite="Strict",
    )
