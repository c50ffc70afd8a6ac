"""The test suite: SQLite in memory and in-process stores, or what DATABASE_URL and REDIS_URL name."""

import os
import tempfile

from config import env

from .base import *  # noqa: F403
from .base import DATABASES, INSTALLED_APPS
from .security import *  # noqa: F403
from .security import BULWARK_ACCOUNTS, BULWARK_AUDITLOG

DEBUG = False
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "tests.auditlog.shop",
    "tests.authz.library",
]  # audited models; models of every shape
SECRET_KEY = "a test needs no secret, and this one is long enough"  # noqa: S105  # pragma: allowlist secret
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]

if url := os.environ.get("DATABASE_URL"):
    DATABASES = {"default": env.database(url)}
# A database of this run's own, so that two runs on one server do not meet.
DATABASES["default"]["TEST"] = {"NAME": f"test_bulwark_{os.getpid()}" if url else None}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # cheap: tests of the real one name it

BULWARK_ACCOUNTS = {
    **BULWARK_ACCOUNTS,
    "ISSUER": "https://testserver",
    "SITE_URL": "https://testserver",
    "KEY_PROVIDER": "accounts.keys.memory.MemoryKeys",
    "MFA_REQUIRED": "",  # tests of the requirement set it
    "CHALLENGE_COST": 10,  # some hundred tries of this are nothing
}
BULWARK_AUDITLOG = {
    **BULWARK_AUDITLOG,
    "PUBLISHERS": {},
    "SPOOL": f"{tempfile.gettempdir()}/bulwark-test-spool-{os.getpid()}",
}
