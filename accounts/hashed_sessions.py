"""Django's sessions in the database, without anything in a row that opens one: SESSION_ENGINE.

Django's own engine keeps each session under the very text that stands in the cookie, so that whoever reads the table, a
backup or a replica has everybody's cookie. Here a row has the digest of it, and only the browser has the cookie.

Note [digest]. A key is 32 characters drawn from 36, which is 165 bits: nobody can try them, so a plain hash is enough,
without salt and not a slow one; those are for secrets below 112 bits (OWASP ASVS 5.0, V6.5.2). The column of Django's
model has 40 characters, so of SHA-256 the first 160 bits are kept (NIST SP 800-107 rev. 1, section 5.1): to find a key
for a stored digest takes 2**160 tries. Two keys of one digest, 2**80 tries away, would help nobody: this server alone
makes keys, and drops one whose digest is taken.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.utils import timezone

if TYPE_CHECKING:
    _DatabaseStore = DatabaseStore[AbstractBaseSession]
else:
    _DatabaseStore = DatabaseStore


def stored_key(session_key: str) -> str:
    """Return what the database has in place of a session's key, which is the cookie's value (Note [digest])."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:40]


class SessionStore(_DatabaseStore):
    """A session in the table of `django.contrib.sessions`, found by the digest of its key.

    Callers pass and get keys as with every other engine; `manage.py clearsessions` works. A row that another engine has
    made is never found here.
    """

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    async def aexists(self, session_key: str) -> bool:
        return await super().aexists(stored_key(session_key))

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return _hidden(super().create_model_instance(data))

    async def acreate_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        return _hidden(await super().acreate_model_instance(data))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            super().delete(stored_key(key))

    async def adelete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            await super().adelete(stored_key(key))

    def _get_session_from_db(self) -> AbstractBaseSession | None:
        found: AbstractBaseSession | None = self._rows().first()
        return self._found(found)

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        found: AbstractBaseSession | None = await self._rows().afirst()
        return self._found(found)

    def _rows(self) -> Any:
        key = stored_key(self.session_key or "")
        return self.model.objects.filter(session_key=key, expire_date__gt=timezone.now())

    def _found(self, row: AbstractBaseSession | None) -> AbstractBaseSession | None:
        if row is None:
            self._session_key = None  # as Django does: a key that somebody made up becomes no session's
        return row


def _hidden(row: AbstractBaseSession) -> AbstractBaseSession:
    row.session_key = stored_key(row.session_key)
    return row
