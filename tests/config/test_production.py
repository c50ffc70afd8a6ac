"""Production settings, each time in a process of its own: settings are read once a process."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

import dev

SHOW = """
from django.conf import settings
print(settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS, settings.SECURE_HSTS_PRELOAD)
print(settings.SECURE_SSL_REDIRECT, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE, settings.DEBUG)
print(settings.CACHES["default"]["LOCATION"], settings.BULWARK_EDGE["REDIS_URL"])
"""


def load(changes: Mapping[str, str | None], code: str = SHOW) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.endswith("_FILE")}
    wanted = {**inherited, **dev.production(), **changes}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=dev.ROOT,
        env={key: value for key, value in wanted.items() if value is not None},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_is_strict() -> None:
    done = load({})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "31536000 True True",
        "True True True False",
        "redis://redis.example.com:6379/0 redis://redis.example.com:6379/1",
    ]


@pytest.mark.parametrize("name", sorted(dev.production().keys() - {"DJANGO_SETTINGS_MODULE", "TRUSTED_PROXIES"}))
def test_production_demands(name: str) -> None:
    done = load({name: None})
    assert done.returncode != 0
    assert f"Set {name}" in done.stderr


def test_production_refuses_a_key_under_256_bits() -> None:
    done = load({"SECRET_KEY": "only-thirty-one-bytes-long-aaaa"})
    assert done.returncode != 0
    assert "SECRET_KEY is too weak" in done.stderr
    assert "only-thirty" not in done.stderr


def test_the_servers_start_in_production_by_default() -> None:
    code = "import config.wsgi, os; print(os.environ['DJANGO_SETTINGS_MODULE'])"
    done = load({"DJANGO_SETTINGS_MODULE": None}, code)
    assert done.stdout.strip() == "config.settings.production", done.stderr
