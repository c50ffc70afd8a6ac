"""A process of its own, whose settings name providers: the suite's own has no allauth."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.accounts.test_races import ROOT


def told_by(module: str, folder: Path) -> Any:
    """Run a module of this package on a database of its own, and return what it prints as JSON in its last line."""
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings.test",
        "DATABASE_URL": f"sqlite:///{folder / 'social.sqlite3'}",
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-m", f"{__package__}.{module}"]
    environment = {**os.environ, **own}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def prepare(providers: list[dict[str, Any]]) -> None:
    """Start Django in this process with providers, and migrate its database."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    from config.social import social_settings

    own: dict[str, Any] = {
        "apps": settings.INSTALLED_APPS,
        "middleware": settings.MIDDLEWARE,
        "accounts": settings.BULWARK_ACCOUNTS,
    }
    for name, value in social_settings(json.dumps(providers), **own).items():
        setattr(settings, name, value)
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    django.setup()
    call_command("migrate", verbosity=0)
