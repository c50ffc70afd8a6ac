"""Makes the filter of common passwords out of lists."""

import gzip
import random
import string
from argparse import ArgumentTypeError
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ...breached import XorFilter, canonical

#: Passwords that nobody has, to count how many of them are taken for common ones.
_PROBES = 200_000


def positive(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not int(text):
        raise ArgumentTypeError("a whole number above 0")
    return int(text)


class Command(BaseCommand):
    help = "Make a filter of common passwords from lists with one password a line, the commonest first; .gz is read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("lists", nargs="+", type=Path, help="files in UTF-8")
        parser.add_argument("--output", required=True, type=Path)
        parser.add_argument("--first", type=positive, default=100_000, help="lines of each list that are taken")
        parser.add_argument(
            "--long", type=positive, default=12, help="characters from which on a password is taken whatever its line"
        )

    def handle(self, *_: Any, lists: list[Path], output: Path, first: int, long: int, **__: Any) -> None:
        try:
            taken = {canonical(word) for path in lists for word in _words(path, first, long)}
        except (OSError, UnicodeDecodeError) as error:
            msg = f"A list cannot be read: {error}"
            raise CommandError(msg) from error
        made = XorFilter.build(taken)
        missing = sum(word not in made for word in taken)
        if missing:
            msg = f"{missing} of the passwords are not found again; nothing was written."
            raise CommandError(msg)
        size = made.write(output)
        wrong = sum(probe in made for probe in _strangers())
        self.stdout.write(f"{len(taken)} passwords, {size} bytes, {size * 8 / len(taken):.1f} bits each")
        self.stdout.write(f"false positives: {wrong} of {_PROBES}, {wrong / _PROBES:.5%}")


def _words(path: Path, first: int, long: int) -> Iterator[str]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    with StringIO(content.decode("utf-8"), newline="\n") as lines:
        for number, line in enumerate(lines):
            word = line.rstrip("\r\n")
            if word and (number < first or len(word) >= long):
                yield word


def _strangers() -> Iterator[str]:
    chosen = random.Random(0)  # noqa: S311 - the same probes each time
    for _ in range(_PROBES):
        yield "".join(chosen.choices(string.ascii_lowercase + string.digits, k=20))
