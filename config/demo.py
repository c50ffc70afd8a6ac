"""The demo of a checkout: where its accounts are kept, and how `make run` greets."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, cast

from django.conf import settings

#: The one draft that everything about the demo talks of: alice's, which bob must not see.
DRAFT_ID = uuid.uuid5(uuid.NAMESPACE_URL, "https://bulwark.example/demo/alice-draft")
#: The header in which a demo says, to this machine alone, which one it is.
MARK_HEADER = "X-Bulwark-Demo"


class DemoUser(TypedDict):
    name: str
    email: str
    password: str
    tenant: str
    role: str


class Demo(TypedDict):
    url: str
    users: list[DemoUser]


def path() -> Path:
    """Return where the demo's accounts are kept; only the owner of the checkout can read it."""
    return Path(settings.LOCAL_DIR) / "demo.json"


def read() -> Demo | None:
    """Return the demo's accounts, or None before the first `seed_demo`."""
    return cast("Demo", json.loads(path().read_text())) if path().exists() else None


def mark(users: Sequence[DemoUser]) -> str:
    """Return what only the demo with these accounts can say: a digest of them, their random passwords included."""
    return hashlib.sha256(json.dumps(users, sort_keys=True).encode()).hexdigest()


def write(demo: Demo) -> None:
    """Keep the accounts, and beside them one body for a login a user, which the curls of the greeting send."""
    _write_private(path(), demo)
    for user in demo["users"]:
        body = {"email": user["email"], "password": user["password"], "transport": "body"}
        _write_private(path().with_name(f"{user['name']}.json"), body)


def _write_private(target: Path, content: object) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.chmod(0o600)
    target.write_text(json.dumps(content, indent=2) + "\n")


def greeting(demo: Demo, *, with_passwords: bool) -> str:
    """Return what `make run` prints: one table, and three commands to paste into another terminal.

    :param with_passwords: print the passwords, which is done once, on the first start.
    """
    url = demo["url"]
    rows = [
        ("site", f"{url}/"),
        ("API docs", f"{url}/api/v1/docs/"),
        ("audit review", f"{url}/admin/bulwark_auditlog/event/  (erin or admin)"),
    ]
    for user in demo["users"]:
        secret = user["password"] if with_passwords else "password in .local/demo.json"
        who = f"{user['role']}, {user['tenant']}" if user["tenant"] else user["role"]
        rows.append((user["name"], f"{user['email']}  {secret}  ({who})"))
    return f"\n{_table(rows)}\n\n{_commands(url)}\n"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    left, right = (max(len(row[side]) for row in rows) for side in (0, 1))
    line = f"+-{'-' * left}-+-{'-' * right}-+"
    return "\n".join([line, *(f"| {name:{left}} | {value:{right}} |" for name, value in rows), line])


def _commands(url: str) -> str:
    login, refresh = f"curl -s {url}/api/v1/auth/login --json @.local", f"curl -s {url}/api/v1/auth/refresh --json"
    field = """sed 's/.*"{0}":"\\([^"]*\\)".*/\\1/'"""
    token = f"$({login}/bob.json | {field.format('access')})"
    return f"""\
Log in:
  {login}/alice.json
Bob is denied alice's draft:
  curl -s {url}/api/v1/articles/{DRAFT_ID}/ -H "Authorization: Bearer {token}"
A refresh token used twice ends the session (a retry within 10 s would be a lost answer, and is answered again):
  R=$({login}/alice.json | {field.format("refresh")})
  for pause in 0 11; do sleep $pause; {refresh} "{{\\"refresh\\":\\"$R\\"}}"; echo; done"""
