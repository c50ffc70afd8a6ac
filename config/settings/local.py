"""Development: `python manage.py runserver` works on a fresh checkout, on SQLite and in-process stores."""

import secrets
from collections.abc import Callable

from auditlog.sealing.notes import new_signer
from config import env
from config.social import social_settings
from edge.logs import logging_config

from .base import *  # noqa: F403
from .base import INSTALLED_APPS, LOCAL_DIR, MIDDLEWARE
from .security import *  # noqa: F403
from .security import BULWARK_ACCOUNTS, BULWARK_AUDITLOG, BULWARK_EDGE

DEBUG = True
PAGES_OPEN = True
LOGGING = logging_config(pretty=True)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]


def _kept(name: str, make: Callable[[], str]) -> str:
    """Return a random secret that this checkout keeps in `.local/`."""
    path = LOCAL_DIR / name
    LOCAL_DIR.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(make())
    return path.read_text()


SECRET_KEY = _kept("secret_key", lambda: secrets.token_urlsafe(48))
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(LOCAL_DIR / "mail")

BULWARK_ACCOUNTS = {
    **BULWARK_ACCOUNTS,
    "ISSUER": "http://127.0.0.1:8000",
    "KEY_PROVIDER": "accounts.keys.files.FileKeys",
    "KEY_OPTIONS": {"path": LOCAL_DIR / "keys.json", "generate": True},
    "PASSKEY_RP_ID": "localhost",  # an address of numbers has no passkeys: http://localhost:8000 has
    # The demo's staff log in at once; a user who adds a second factor, or was made to, is asked for it.
    "MFA_REQUIRED": "config.responses.is_forced_to_mfa",
    "COOKIE_PREFIX": "",  # plain http: a browser keeps no prefixed cookie
}
# What this machine says of where a request comes from is believed: the attacks of `simulate_attack` say so.
BULWARK_EDGE = {**BULWARK_EDGE, "TRUSTED_PROXIES": ["127.0.0.1/32", "::1/128"]}
BULWARK_AUDITLOG = {
    **BULWARK_AUDITLOG,
    "SEAL_KEYS": _kept("audit_seal_keys", lambda: new_signer("bulwark").secret_line),
}

if text := env.secret("SOCIAL_PROVIDERS", "", min_bytes=0):
    globals().update(social_settings(text, apps=INSTALLED_APPS, middleware=MIDDLEWARE, accounts=BULWARK_ACCOUNTS))
