"""Keys from the environment: the document in a variable, or in the file that another variable names."""

import os
from collections.abc import Hashable

from .base import KeyDocument, KeyProvider, KeysUnavailable
from .documents import parse
from .files import FileKeys


class EnvironmentKeys(KeyProvider):
    """Reads the document from the variable ``name``, or from the file that ``name_FILE`` names.

    :param name: the variable.
    """

    def __init__(self, name: str = "BULWARK_KEYS") -> None:
        self.name = name

    def load(self) -> KeyDocument:
        path, text = os.environ.get(f"{self.name}_FILE"), os.environ.get(self.name)
        if path:
            return FileKeys(path).load()
        if text:
            return parse(text, f"The variable {self.name}")
        msg = f"Set {self.name} to a key document, or {self.name}_FILE to the path of one."
        raise KeysUnavailable(msg)

    def version(self) -> Hashable:
        path = os.environ.get(f"{self.name}_FILE")
        return FileKeys(path).version() if path else os.environ.get(self.name)

    def store(self, document: KeyDocument) -> None:
        path = os.environ.get(f"{self.name}_FILE")
        if not path:
            return super().store(document)
        return FileKeys(path).store(document)

    def describe(self) -> str:
        return os.environ.get(f"{self.name}_FILE") or f"the variable {self.name}"
