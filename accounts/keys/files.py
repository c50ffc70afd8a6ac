"""Keys in a file: of a checkout, a mounted secret, or a volume that several servers share."""

import json
import os
import stat
import tempfile
from collections.abc import Hashable
from datetime import UTC, datetime
from pathlib import Path

from ..conf import conf
from .base import KeyDocument, KeyProvider, KeysUnavailable
from .documents import LATER_PURPOSES, new_document, parse, with_new_key


class FileKeys(KeyProvider):
    """Reads the document from one file, again whenever the file is replaced.

    :param path: the file.
    :param generate: make the file when it is missing, for development.
    """

    def __init__(self, path: str | Path, *, generate: bool = False) -> None:
        self.path = Path(path)
        self.generate = generate

    def load(self) -> KeyDocument:
        if self.generate and not self.path.exists():
            self._write(new_document(conf.algorithm, datetime.now(UTC)), replace=False)
        document = self._parsed()
        for purpose in LATER_PURPOSES:
            if self.generate and not document[purpose]:
                self._write(with_new_key(document, purpose, "HS256", datetime.now(UTC)), replace=True)
                document = self._parsed()
        return document

    def version(self) -> Hashable:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size

    def store(self, document: KeyDocument) -> None:
        self._write(document, replace=True)

    def describe(self) -> str:
        return str(self.path)

    def is_open_to_others(self) -> bool:
        """Say whether other users of the machine may read the file."""
        try:
            return bool(self.path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
        except OSError:
            return False

    def _parsed(self) -> KeyDocument:
        try:
            return parse(self.path.read_text(encoding="utf-8"), str(self.path))
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{self.path} cannot be read: {type(error).__name__}."
            raise KeysUnavailable(msg) from error

    def _write(self, document: KeyDocument, *, replace: bool) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".keys-")  # made with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            if replace:
                Path(name).replace(self.path)
            else:
                self.path.hardlink_to(name)
        except FileExistsError:
            pass  # another process was first: its keys count
        finally:
            Path(name).unlink(missing_ok=True)
