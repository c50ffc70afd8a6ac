"""A progress bar for commands that run long."""

import time
from types import TracebackType
from typing import Protocol, Self


class Output(Protocol):
    def write(self, msg: str, style_func: None = None, ending: str | None = None) -> None: ...

    def isatty(self) -> bool: ...


class Bar:
    """Draws on a terminal, at most ten times a second; elsewhere it says nothing."""

    WIDTH = 30

    def __init__(self, what: str, total: int, output: Output) -> None:
        self.what, self.total, self.output = what, total, output
        self.began = time.monotonic()
        self.next_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.output.isatty():
            self.output.write("")

    def show(self, done: int) -> None:
        """Show that ``done`` of the total are done."""
        now = time.monotonic()
        if not self.output.isatty() or (now < self.next_at and done < self.total):
            return
        self.next_at = now + 0.1
        self.output.write(f"\r{self.line(done, now - self.began)}", ending="")

    def line(self, done: int, seconds: float) -> str:
        share = done / self.total if self.total else 1.0
        full = int(share * self.WIDTH)
        rate = done / seconds if seconds else 0.0
        left = (self.total - done) / rate if rate else 0.0
        bar = "#" * full + "." * (self.WIDTH - full)
        return f"[{bar}] {share:4.0%} {done}/{self.total} {self.what}, {rate:.0f}/s, {left:.0f} s left"
