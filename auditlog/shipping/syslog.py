"""Events as syslog messages (RFC 5424) over TCP or TLS, counted in octets (RFC 6587, 3.4.1; RFC 5425)."""

import re
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC

from ..deadlines import within
from ..formats import Format
from ..models import Event, Severity
from .receivers import Receiver

_AUDIT = 13  # RFC 5424, table 1: log audit
_LEVELS = {
    Severity.INFORMATIONAL: 6,
    Severity.LOW: 5,
    Severity.MEDIUM: 4,
    Severity.HIGH: 3,
    Severity.CRITICAL: 2,
    Severity.FATAL: 1,
}
#: Seconds in which nothing happens, and seconds for a batch.
TIMEOUT, LONGEST_TIME = 30.0, 120.0


class SyslogReceiver(Receiver):
    """Sends each batch over a connection of its own.

    Syslog acknowledges nothing. So the batch counts as taken when the other side has read to its end and closed the
    connection: one that is killed with unread messages resets it instead. What it loses after reading, nobody
    can know; a webhook answers for what it has stored.

    :param tls: encrypt and check the certificate.
    :param ca_file: whom to trust in place of the system's list.
    """

    def __init__(
        self,
        host: str,
        port: int = 6514,
        *,
        tls: bool = True,
        ca_file: str | None = None,
        format: str = Format.OCSF,  # noqa: A002 - the key of the setting
    ) -> None:
        super().__init__(format)
        self.address, self.host = (host, int(port)), host
        self.context = ssl.create_default_context(cafile=ca_file) if tls else None

    def send(self, events: Sequence[Event]) -> None:
        frames = b"".join(
            b"%d %b" % (len(found), found)
            for found in (message(event, text) for event, text in zip(events, self.lines(events), strict=True))
        )
        with within(LONGEST_TIME) as connect, connect(self.address, TIMEOUT) as plain:
            if self.context is None:
                plain.sendall(frames)
                plain.shutdown(socket.SHUT_WR)
                _wait_for_end(plain)
                return
            with self.context.wrap_socket(plain, server_hostname=self.host) as secure:
                secure.sendall(frames)
                secure.unwrap()  # close_notify, answered when everything before it is read


def _wait_for_end(connection: socket.socket) -> None:
    """Wait until the other side has closed the connection.

    :raises OSError: it was reset, or nothing happened for long.
    """
    while connection.recv(4096):
        pass


def message(event: Event, text: bytes) -> bytes:
    """Return one syslog message.

    :param text: the event in ASCII.
    """
    priority = _AUDIT * 8 + _LEVELS[Severity(event.severity)]
    ts = event.ts.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    host, kind = _word(socket.gethostname(), 255), _word(event.type, 32)
    return f"<{priority}>1 {ts} {host} bulwark - {kind} - ".encode() + text


def _word(text: str, limit: int) -> str:
    """Return ``text`` as RFC 5424's PRINTUSASCII, or its sign for nothing."""
    return re.sub(r"[^!-~]", "_", text)[:limit] or "-"
