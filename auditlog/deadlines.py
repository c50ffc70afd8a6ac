"""A time after which what this app says to another server is over, however that server behaves."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import Any

Address = tuple[str, int]


@contextmanager
def within(seconds: float) -> Iterator[Callable[..., socket.socket]]:
    """Yield what connects like `socket.create_connection`; when the time is up, its connections are cut.

    A socket's own time-out starts anew with each byte, so a server that drips would be waited for without end.

    :raises TimeoutError: the time was up before the end of the block: what was read there is not all there was.
    """
    ends_at, is_over = time.monotonic() + seconds, threading.Event()
    held: list[socket.socket] = []

    def cut() -> None:
        is_over.set()
        for each in held:
            with suppress(OSError):  # it is closed already
                each.shutdown(socket.SHUT_RDWR)

    def connect(address: Address, timeout: float = seconds, *args: Any) -> socket.socket:
        left = max(ends_at - time.monotonic(), 0.001)
        made = socket.create_connection(address, min(timeout, left), *args)
        made.settimeout(timeout)
        held.append(made.dup())  # TLS takes the descriptor out of the socket that it wraps
        if is_over.is_set():
            cut()
        return made

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield connect
        if is_over.is_set():
            raise TimeoutError(_said(seconds))
    except (OSError, HTTPException) as error:
        if is_over.is_set() and not isinstance(error, TimeoutError):
            raise TimeoutError(_said(seconds)) from error
        raise
    finally:
        timer.cancel()
        for each in held:
            each.close()


def _said(seconds: float) -> str:
    return f"It was not over after {seconds:g} s."
