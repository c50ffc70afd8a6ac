"""Development: `python manage.py runserver` works on a fresh checkout, on SQLite and in-process stores."""

import secrets

from edge.logs import logging_config

from .base import *  # noqa: F403
from .base import LOCAL_DIR
from .security import *  # noqa: F403
from .security import BULWARK_ACCOUNTS

DEBUG = True
PAGES_OPEN = True
LOGGING = logging_config(pretty=True)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def _kept(name: str) -> str:
    """Return a random secret that this checkout keeps in `.local/`."""
    path = LOCAL_DIR / name
    LOCAL_DIR.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


SECRET_KEY = _kept("secret_key")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(LOCAL_DIR / "mail")

BULWARK_ACCOUNTS = {
    **BULWARK_ACCOUNTS,
    "ISSUER": "http://127.0.0.1:8000",
    "KEY_PROVIDER": "accounts.keys.files.FileKeys",
    "KEY_OPTIONS": {"path": LOCAL_DIR / "keys.json", "generate": True},
    "COOKIE_PREFIX": "",  # plain http: a browser keeps no prefixed cookie
}
