"""What one request has to say that must outlive its rollback."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

from .models import Event


class RequestLog:
    """The refusals and failures of a request, kept until its transactions have ended."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.events: list[Event] = []
        self.is_open = True

    def close(self, status: int | None) -> list[Event]:
        """Take no more events; return those that were taken, with the status of the answer."""
        self.is_open = False
        for event in self.events:
            event.status = status
        return self.events


_current: ContextVar[RequestLog | None] = ContextVar("bulwark_request_log", default=None)


def current() -> RequestLog | None:
    """Return the log of the request that is being served here, or None outside of one.

    A thread that outlives its request still sees that request's log, closed.
    """
    return _current.get()


@contextmanager
def opened(request: HttpRequest) -> Iterator[RequestLog]:
    """Make a log current while ``request`` is served."""
    log = RequestLog(request)
    token = _current.set(log)
    try:
        yield log
    finally:
        _current.reset(token)
