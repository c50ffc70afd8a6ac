"""A mail server on loopback that keeps what it gets (RFC 5321, as much of it as one client needs)."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ANSWERS = {b"EHLO": b"250 here", b"HELO": b"250 here", b"DATA": b"354 go on", b"QUIT": b"221 bye"}


class Mailbox(socketserver.ThreadingTCPServer):
    """Takes every message into `messages`."""

    allow_reuse_address = daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[str] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Conversation(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say(b"220 here")
        for line in self.rfile:
            word = line.strip().upper()[:4]
            self._say(_ANSWERS.get(word, b"250 ok"))
            if word == b"DATA":
                self.server.messages.append(self._message())
                self._say(b"250 kept")
            if word == b"QUIT":
                return

    def _message(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line.decode())
        return "".join(lines)

    def _say(self, text: bytes) -> None:
        self.wfile.write(text + b"\r\n")


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run one until the block ends."""
    with Mailbox() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
