"""A real gunicorn for a test, as a WSGI or an ASGI server, and raw connections to it."""

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import dev
from tests.edge.conftest import free_port

BLOCK = b"x" * 65_536


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Live:
    """A running server."""

    port: int
    process: "subprocess.Popen[bytes]"

    def workers(self) -> list[int]:
        """Return the ids of the processes that serve."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def peak(self) -> int:
        """Return the most kilobytes that any worker has held."""
        found = [re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text()) for pid in self.workers()]
        return max(int(each[1]) for each in found if each)

    def disk(self) -> int:
        """Return the most bytes of any deleted or temporary file that a worker has open."""
        sizes = [0]
        for pid in self.workers():
            for link in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(OSError):
                    if "tmp" in str(link.readlink()):
                        sizes.append(link.stat().st_size)
        return max(sizes)

    def get(self, path: str, *headers: str) -> Reply:
        return self.send("GET", path, *headers)

    def send(self, method: str, path: str, *headers: str, body: Iterable[bytes] = ()) -> Reply:
        """Send a request and return the reply, which may come before all of the body was taken."""
        lines = [f"{method} {path} HTTP/1.1", "Host: testserver", "Connection: close", *headers, "", ""]
        return self.say(chain(["\r\n".join(lines).encode("latin-1")], body))

    def say(self, blocks: Iterable[bytes]) -> Reply:
        """Send octets as they are and return the reply; its status is 0 where the server only hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connected:
            with contextlib.suppress(ConnectionError):
                for block in blocks:
                    connected.sendall(block)
            return _reply(connected)


def _reply(connected: socket.socket) -> Reply:
    """Read to the declared end: a server may keep the connection open for a while, to take what is still sent."""
    received, end = b"", None
    with contextlib.suppress(ConnectionError):
        while (end is None or len(received) < end) and (block := connected.recv(65_536)):
            received += block
            if found := re.search(rb"content-length: (\d+)\r\n(?:.+\r\n)*\r\n", received, re.IGNORECASE):
                end = found.end() + int(found[1])
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join(re.findall(rb"[0-9a-f]+\r\n(.+)\r\n", body))
    return Reply(int(first.split()[1]) if first else 0, headers, body)


def chunked(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield ``blocks`` in the chunked coding."""
    for block in blocks:
        yield b"%x\r\n%b\r\n" % (len(block), block)
    yield b"0\r\n\r\n"


@contextmanager
def serving(kind: str, *options: str, **environment: str) -> Iterator[Live]:
    """Serve `tests.edge.urls` until the block ends.

    :param kind: `wsgi` or `asgi`.
    :param options: further options of gunicorn.
    """
    port = free_port()
    worker = "gthread" if kind == "wsgi" else "asgi"
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--worker-class", worker]
    command += ["--config", "docker/gunicorn.conf.py", *options]
    environ = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.edge.live.settings",
        "REDIS_URL": "",
        "WEB_CONCURRENCY": "1",
        **environment,
    }
    process = subprocess.Popen(
        [*command, f"tests.edge.live.applications:{kind}"], cwd=dev.ROOT, env=environ, stdout=subprocess.DEVNULL
    )
    live = Live(port, process)
    try:
        _wait(live)
        yield live
    finally:
        process.terminate()
        process.wait()


def _wait(live: Live) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if live.get("/healthz").status == 200:
                return
        time.sleep(0.05)
    msg = "The server did not start."
    raise OSError(msg)
