"""Connections to an address that was checked, and to no other."""

import contextlib
import socket
import ssl
import threading
import time
from functools import lru_cache
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from .errors import OutboundFailed
from .targets import Target


class Deadline:
    """Ends a connection when its time is up.

    A socket's time-out starts anew with each byte, so a server that drips would be waited for without end.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._socket: socket.socket | None = None
        self._timer: threading.Timer | None = None
        self.is_over = False

    def left(self) -> float:
        """Return the seconds that are left.

        :raises OutboundFailed: there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutboundFailed("timeout")
        return left

    def watch(self, watched: socket.socket) -> None:
        """End ``watched`` when time is up."""
        self.release()
        self._timer = threading.Timer(self.left(), self._cut)
        self._socket = watched.dup()  # TLS takes the descriptor out of the socket that it wraps
        self._timer.daemon = True
        self._timer.start()

    def release(self) -> None:
        """Stop watching, and hang up: a response that somebody still holds would keep the connection open."""
        if self._timer is not None:
            self._timer.cancel()
        self._hang_up()
        if self._socket is not None:
            self._socket.close()
        self._timer = self._socket = None

    def _cut(self) -> None:
        self.is_over = True
        self._hang_up()

    def _hang_up(self) -> None:
        watched = self._socket
        if watched is not None:
            with contextlib.suppress(OSError):  # it is closed already
                watched.shutdown(socket.SHUT_RDWR)


class _Pinned:
    """Connects to the pinned address; the host stays what certificate, SNI and `Host` are checked by."""

    pinned: str
    deadline: Deadline
    port: int

    def _new_conn(self) -> socket.socket:
        connected = socket.create_connection((self.pinned, self.port), timeout=self.deadline.left())
        try:
            self.deadline.watch(connected)
        except OutboundFailed:
            connected.close()
            raise
        return connected


class _PinnedHTTP(_Pinned, HTTPConnection):
    pass


class _PinnedHTTPS(_Pinned, HTTPSConnection):
    pass


def connection_to(target: Target, deadline: Deadline, ca_file: str) -> HTTPConnection:
    """Return a connection to the target's address, not opened yet."""
    timeout = deadline.left()
    options: dict[str, Any] = {"timeout": timeout}
    made: _PinnedHTTP | _PinnedHTTPS
    if target.scheme == "https":
        made = _PinnedHTTPS(target.host, target.port, ssl_context=_trusting(ca_file), **options)
    else:
        made = _PinnedHTTP(target.host, target.port, **options)
    made.pinned, made.deadline = target.address, deadline
    return made


@lru_cache(maxsize=8)
def _trusting(ca_file: str) -> ssl.SSLContext:
    """Return the TLS that trusts a file's certificates, or the system's: reading those costs more than a request."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
