"""Who a browser is, by Django's session and the family behind it."""

from functools import partial
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from edge.middleware import Middleware

from . import browser_sessions


class BrowserSessionMiddleware(Middleware):
    """Sets `request.user` and `request.auser`, once they are looked at, and ends Django sessions that are over.

    The query that finds the session brings its user along, so a request costs what it costs with Django's own. It
    stands after `AuthenticationMiddleware`, which Django's admin asks for.
    """

    def before(self, request: HttpRequest) -> HttpResponseBase | None:
        if not hasattr(request, "session"):
            msg = "BrowserSessionMiddleware stands after SessionMiddleware and AuthenticationMiddleware."
            raise ImproperlyConfigured(msg)
        user: Any = SimpleLazyObject(partial(browser_sessions.user_of, request))
        request.user = user
        request.auser = partial(browser_sessions.auser_of, request)  # type: ignore[assignment]  # as Django's does
        return None
