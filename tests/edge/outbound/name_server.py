"""A name server on loopback that changes its mind, and a resolver that asks it."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class NameServer:
    """Answers each question for an address with the next of ``answers``, and the last of them from then on."""

    def __init__(self, answers: Sequence[str]) -> None:
        self.asked: list[bytes] = []
        self._answers = answers
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()

    def serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(512)
            if not question:
                return
            self.asked.append(question[12:])
            address = self._answers[min(len(self.asked), len(self._answers)) - 1]
            # The same id, a response without error, one question, one answer: a pointer to its name, A, IN, no time
            # to live, four bytes.
            header = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
            answer = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + socket.inet_aton(address)
            self._socket.sendto(header + question[12:] + answer, client)

    def stop(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self.address)

    def close(self) -> None:
        self._socket.close()

    def resolve(self, host: str, port: int) -> list[str]:
        """Ask for the address of ``host``, as a resolver does."""
        name = b"".join(bytes([len(label)]) + label for label in host.encode().split(b"."))
        question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name + b"\0" + struct.pack("!HH", 1, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            asking.sendto(question, self.address)
            return [socket.inet_ntoa(asking.recv(512)[-4:])]


@contextmanager
def naming(*answers: str) -> Iterator[NameServer]:
    """Serve until the block ends."""
    server = NameServer(answers)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.close()
