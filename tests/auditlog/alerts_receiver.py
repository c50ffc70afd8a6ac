"""Receivers of alerts: real HTTP servers on loopback."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """What a receiver got, and what it answers."""

    def __init__(self) -> None:
        self.status = 204
        #: What it answers 422, wherever a body holds it.
        self.refused = b"\0"
        self.url = ""
        self.asked = 0
        self.posts: list[tuple[str, dict[str, str], bytes]] = []

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _path, _headers, body in self.posts]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Run a receiver on a free port."""
    found = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.asked += 1
            status = 422 if found.refused in body else found.status
            if status < 300:
                found.posts.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


SLOWLY = b"HTTP/1.1 200 OK\r\nX-Slow: "


@contextmanager
def never_done(begins: bytes = SLOWLY, seconds: float = 3600) -> Iterator[str]:
    """Run a receiver that goes on answering, a byte at a time, for as long as it runs, and yield its address."""
    stopped = threading.Event()

    def answer() -> None:
        try:
            caller, _ = server.accept()
            with caller:
                caller.sendall(begins)
                ends_at = time.monotonic() + seconds
                while not stopped.wait(0.1) and time.monotonic() < ends_at:
                    caller.sendall(b"z")
        except OSError:
            """Nobody called, or the caller has gone."""

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            stopped.set()
            thread.join()
