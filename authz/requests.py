"""Which request this thread or task is answering."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.http import HttpRequest

_GUARDED = "_bulwark_guarded"
_request: ContextVar[HttpRequest | None] = ContextVar("bulwark_request", default=None)


def current_request() -> HttpRequest | None:
    """Return the request that is being answered, or None outside of all."""
    return _request.get()


def guard(request: HttpRequest) -> None:
    """Have protected managers refuse, from here on, what the request reads unscoped."""
    vars(request)[_GUARDED] = True


def is_guarded() -> bool:
    """Tell whether a request is being answered, by a view that policies decide about."""
    return bool(getattr(_request.get(), _GUARDED, False))


@contextmanager
def during(request: HttpRequest | None) -> Iterator[None]:
    """Let what happens inside belong to a request; None is to none."""
    from .rls.statements import renew

    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)
        # What goes round Django's cursors (COPY) in an open transaction must not go on as before.
        renew()
