"""Bounds on what an ASGI server hands on."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.asgi import ASGIHandler

from .conf import conf
from .views import body_limits_in_urls

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]


class BodyCeiling:
    """Keeps an ASGI application from reading bodies without end.

    Django's reads a whole body, to memory and then to disk, before any middleware runs. Here it gets at most one byte
    more than any view takes, which `BodyLimitMiddleware` then refuses.

        application = BodyCeiling(get_asgi_application())

    :param application: Django's.
    :raises ImproperlyConfigured: `BodyLimitMiddleware` is missing: a body that was cut would pass for a whole one.
    """

    def __init__(self, application: Application) -> None:
        path = f"{__package__}.bodies.BodyLimitMiddleware"
        if path not in settings.MIDDLEWARE:
            msg = f"BodyCeiling needs {path} in MIDDLEWARE."
            raise ImproperlyConfigured(msg)
        self._application = application
        self._most: int | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and isinstance(self._application, ASGIHandler):
            await send({"type": "websocket.close"})  # 403; Django would answer 500, and log the crash
            return
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        if self._most is None:
            self._most = max(conf.body_limit, conf.page_body_limit, *body_limits_in_urls())
        # Of what is declared too long, nothing is waited for: the declaration is what is refused.
        allowed = 0 if _declared(scope) > self._most else self._most + 1
        await self._application(scope, _cut(receive, allowed), send)


def _declared(scope: Any) -> int:
    """Return the length that the headers declare; 0 where they declare none, or none that can be read."""
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value[:20]) for value in lengths if value.isdigit()), default=0)


def _cut(receive: Receive, left: int) -> Receive:
    """Return what receives ``left`` bytes of a body, and drops what follows them."""
    is_over, is_refused = False, not left

    async def limited() -> Message:
        nonlocal left, is_over, is_refused
        if is_refused:
            is_refused, is_over = False, True
            return {"type": "http.request", "body": b"", "more_body": False}
        message = await receive()
        while is_over and message["type"] == "http.request":
            message = await receive()
        if message["type"] != "http.request":
            return message
        body = message.get("body", b"")[:left]
        left -= len(body)
        is_over = not left or not message.get("more_body", False)
        return {"type": "http.request", "body": body, "more_body": not is_over}

    return limited
