"""Reads the environment: typed, loud about nonsense, secrets from files too."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

#: 256 bits: what a key must carry to be called one (OWASP ASVS 5.0, V11.2.3).
SECRET_BYTES = 32
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}
_ENGINES = {"postgres": "django.db.backends.postgresql", "postgresql": "django.db.backends.postgresql"}

#: Modes of libpq that encrypt, or may, and do not look whether the certificate is that host's.
_UNCHECKED = {"allow", "prefer", "require", "verify-ca"}


def text(name: str, default: str | None = None) -> str:
    """Return the variable ``name``, or ``default``.

    :raises ImproperlyConfigured: it is unset and there is no default.
    """
    value = os.environ.get(name, default)
    if value is None:
        msg = f"Set {name} in the environment."
        raise ImproperlyConfigured(msg)
    return value


def flag(name: str, *, default: bool = False) -> bool:
    """Return the variable ``name`` as a truth value (1/0, true/false, yes/no, on/off)."""
    value = os.environ.get(name)
    if value is None:
        return default
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    msg = f"{name} must be one of true or false, not {value!r}."
    raise ImproperlyConfigured(msg)


def integer(name: str, default: int) -> int:
    """Return the variable ``name`` as a whole number."""
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        msg = f"{name} must be a whole number, not {value!r}."
        raise ImproperlyConfigured(msg) from None


def words(name: str, default: str | None = None) -> list[str]:
    """Return the comma-separated variable ``name`` as a list without empty words."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def secret(name: str, default: str | None = None, *, min_bytes: int = SECRET_BYTES) -> str:
    """Return the secret in the variable ``name``, or in the file that ``name_FILE`` names.

    :param default: returned as it is where neither is set; leave it out to demand the secret.
    :param min_bytes: how long the secret must be, in bytes of UTF-8.
    :raises ImproperlyConfigured: it is missing, given twice, unreadable, too short, or guessable.
    """
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if value is not None and path is not None:
        msg = f"Set {name} or {name}_FILE, not both."
        raise ImproperlyConfigured(msg)
    if path is not None:
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{name}_FILE names {path}, which cannot be read: {type(error).__name__}."
            raise ImproperlyConfigured(msg) from error
    if value is None and default is not None:
        return default
    if value is None:
        msg = f"Set {name}, or {name}_FILE to the path of a file that holds it."
        raise ImproperlyConfigured(msg)
    if len(value.encode()) < min_bytes or (min_bytes and len(set(value)) < min_bytes // 4):
        msg = f"{name} is too weak: it needs {min_bytes} random bytes or more, as `openssl rand -base64 48` prints."
        raise ImproperlyConfigured(msg)
    return value


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at ``url``.

    :param url: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or
        ``postgresql://user@host:port/name?sslmode=verify-full``, with a password after the user.
    :raises ImproperlyConfigured: the scheme is another one, or ``sslmode`` encrypts without asking whose server it is
        (OWASP ASVS 5.0, V12.3.2); within a network of its own leave it out.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(parts.path.removeprefix("/"))
    if parts.scheme not in _ENGINES:
        msg = f"A database URL starts with sqlite: or postgresql:, not {parts.scheme!r}."
        raise ImproperlyConfigured(msg)
    options = dict(parse_qsl(parts.query))
    if (mode := options.get("sslmode")) in _UNCHECKED:
        msg = f"The database URL's sslmode is verify-full: with {mode}, any server is taken for the database."
        raise ImproperlyConfigured(msg)
    return {
        "ENGINE": _ENGINES[parts.scheme],
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def sqlite(path: str | Path) -> dict[str, Any]:
    """Return Django's settings for the SQLite file at ``path``: write-ahead log, and writers that queue.

    IMMEDIATE takes the write lock when a transaction starts. With SQLite's default a transaction that first reads
    fails with "database is locked" as soon as another one has written, whatever the time-out.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def redis(url: str, database: int) -> str:
    """Return the address of database ``database`` on the Redis server at ``url``.

    :raises ImproperlyConfigured: the scheme is not redis:, rediss: or unix:.
    """
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={database}"
    if parts.scheme not in {"redis", "rediss"}:
        msg = f"A Redis URL starts with redis:, rediss: or unix:, not {parts.scheme!r}."
        raise ImproperlyConfigured(msg)
    return urlunsplit(parts._replace(path=f"/{database}"))
