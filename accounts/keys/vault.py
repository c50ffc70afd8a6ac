"""Keys in HashiCorp Vault or OpenBao: a version 2 key-value secret. Needs the extra `vault`."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from .base import KeyDocument, KeysUnavailable
from .remote import RemoteKeys, client_library


class VaultKeys(RemoteKeys):
    """Reads the document from one field of a secret.

    :param path: of the secret, below its mount point.
    :param url: of the server; VAULT_ADDR when left out.
    :param token_file: a file with the token, read on every call, for agents renew it; VAULT_TOKEN when left out.
    :param mount: the mount point of the secrets engine.
    :param field: the member of the secret that holds the document.
    :param timeout: seconds to wait for an answer.
    """

    def __init__(
        self,
        path: str,
        *,
        url: str | None = None,
        token_file: str | Path | None = None,
        mount: str = "secret",
        field: str = "keys",
        timeout: float = 5.0,
    ) -> None:
        super().__init__()
        self.path, self.url, self.token_file = path, url, token_file
        self.mount, self.field, self.timeout = mount, field, timeout

    def fetch(self) -> tuple[str, Hashable]:
        answer = self._call("read_secret_version", raise_on_deleted_version=True)
        try:
            return str(answer["data"]["data"][self.field]), int(answer["data"]["metadata"]["version"])
        except (KeyError, TypeError) as error:
            msg = f"{self.describe()} has no field {self.field!r}."
            raise KeysUnavailable(msg) from error

    def store(self, document: KeyDocument) -> None:
        # Check and set: two rotations at once must not lose a key.
        known = self._version if isinstance(self._version, int) else None
        self._call("create_or_update_secret", secret={self.field: json.dumps(document)}, cas=known)
        self._version = None

    def describe(self) -> str:
        return f"Vault {self.mount}/{self.path}"

    def _call(self, name: str, **arguments: Any) -> Any:
        hvac = client_library("hvac", "vault")
        try:
            token = Path(self.token_file).read_text(encoding="utf-8").strip() if self.token_file else None
            client = hvac.Client(url=self.url, token=token, timeout=self.timeout)
            method = getattr(client.secrets.kv.v2, name)
            return method(path=self.path, mount_point=self.mount, **arguments)
        except (hvac.exceptions.VaultError, OSError) as error:  # what `requests` raises is an OSError
            msg = f"{self.describe()} does not answer as it should: {type(error).__name__}."
            raise KeysUnavailable(msg) from error
