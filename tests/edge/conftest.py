"""What the edge's tests stand on."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.dispatch import Signal


@pytest.fixture(autouse=True)
def _database(db: None) -> None:
    """What listens to the edge's signals may write."""


@pytest.fixture
def heard() -> Iterator[Callable[[Signal], list[dict[str, Any]]]]:
    """Return a function that listens to a signal: it returns a list, which grows by the keywords of each sending."""
    connected: list[tuple[Signal, Any]] = []

    def listen(signal: Signal) -> list[dict[str, Any]]:
        sendings: list[dict[str, Any]] = []

        def receive(sender: Any, **kwargs: Any) -> None:
            assert isinstance(sender, type)
            assert set(kwargs) == {"signal", "request", "user", "target", "outcome", "data"}
            sendings.append(kwargs)

        signal.connect(receive, weak=False)
        connected.append((signal, receive))
        return sendings

    yield listen
    for signal, receive in connected:
        signal.disconnect(receive)


def free_port() -> int:
    """Return a port that nobody uses; 10 000 above it there is another, which a node of a cluster takes for itself."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 10_000))
                return port
    msg = "Every port is taken."
    raise OSError(msg)


class OwnRedis:
    """A redis-server that a test may kill and restart, always on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.folder = folder
        self.options = options
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program
        arguments = [
            "--port",
            str(self.port),
            "--save",
            "",
            "--bind",
            "127.0.0.1",
            "--dir",
            str(self.folder),
            *self.options,
        ]
        self._process = subprocess.Popen([program, *arguments, *self.options], stdout=subprocess.DEVNULL)
        client = redis.Redis.from_url(self.url)
        for _ in range(200):
            try:
                client.ping()
                break
            except redis.ConnectionError:
                time.sleep(0.02)
        client.close()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    """Return a running redis-server of the test's own."""
    if not shutil.which("redis-server"):
        pytest.skip("needs redis-server")
    server = OwnRedis(tmp_path)
    server.start()
    yield server
    server.kill()
