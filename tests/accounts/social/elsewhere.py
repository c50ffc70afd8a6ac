"""The demo as it is served, and a provider beside it."""

import sqlite3
import time
import uuid
from contextlib import closing
from typing import Any

from tests.clients import node
from tests.pages.site import Site

#: What the provider says of people.
PEOPLE: dict[str, dict[str, Any]] = {
    "new": {"email": "new@example.org", "email_verified": True, "name": "Nora New"},
    "unverified": {"email": "other@example.org", "email_verified": False},
    "linked": {"email": "linked@example.org", "email_verified": False},  # to alice, from one test on
    "stringly": {"email": "stringly@example.org", "email_verified": "false"},
    "nameless": {},
    "bobs": {},
    "outsider": {"email": "unknown@elsewhere.example", "email_verified": False},
}
SERVER: dict[str, Any] = {"provider": "openid_connect", "client_id": "bulwark"}
PROVIDERS: list[dict[str, Any]] = [
    {**SERVER, "provider_id": "corp", "name": "Corp"},
    {**SERVER, "provider_id": "authority", "name": "Authority"},
    # The two controls switched off: every address counts as verified, and is believed to be the provider's own.
    {**SERVER, "provider_id": "lax", "name": "Lax", "settings": {"verified_email": True}},
]


class Elsewhere:
    """Lets people sign in, and looks into the site's database."""

    def __init__(self, site: Site, port: int, secret: str) -> None:
        self.site, self.port, self.secret = site, port, secret
        self.alice, self.bob, self.erin = (site.person(name) for name in ("alice", "bob", "erin"))

    def run(self, *steps: dict[str, Any]) -> list[dict[str, Any]]:
        """Let people sign in, each with a browser of their own, and return what came of it."""
        people = {
            **PEOPLE,
            "alice": {"email": self.alice["email"].upper(), "email_verified": True},
            "erin": {"email": self.erin["email"], "email_verified": True},
            "mallory": {"email": self.bob["email"], "email_verified": False},
        }
        told = node.run(
            "social.mjs",
            site=self.site.url,
            port=self.port,
            secret=self.secret,
            providers=[each["provider_id"] for each in PROVIDERS],
            people=people,
            steps=list(steps),
        )
        found: list[dict[str, Any]] = told["found"]
        return found

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement on the site's database and return its rows."""
        with closing(sqlite3.connect(self.site.folder / ".local/db.sqlite3", timeout=10)) as database, database:
            return database.execute(statement, values).fetchall()

    def user(self, email: str) -> tuple[Any, ...]:
        """Return a user's key, name, password hash and the moment the address was verified."""
        rows = self.sql(
            "SELECT id, name, password, email_verified_at FROM bulwark_accounts_user WHERE email = ?", email
        )
        return rows[0]

    def methods(self, email: str) -> list[str]:
        """Return how each session of a user was started, as `transport amr`."""
        rows = self.sql(
            "SELECT transport, amr FROM bulwark_accounts_tokenfamily WHERE user_id = ? ORDER BY created_at",
            self.user(email)[0],
        )
        return [" ".join(row) for row in rows]

    def is_mailed(self, address: str, text: str) -> bool:
        """Say whether a mail to an address that has ``text`` in it comes within ten seconds."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            mails = [path.read_text() for path in (self.site.folder / ".local/mail").glob("*.log")]
            if any(f"To: {address}" in mail and text in mail for mail in mails):
                return True
            time.sleep(0.2)
        return False

    def add_second_factor(self, email: str) -> None:
        """Give a user an authenticator app."""
        self.sql(
            "INSERT INTO bulwark_accounts_totpdevice (id, user_id, kid, seed, last_step, created_at, confirmed_at)"
            " VALUES (?, ?, 'k', x'00', 0, '2026-01-01', '2026-01-01')",
            uuid.uuid4().hex,
            self.user(email)[0],
        )
