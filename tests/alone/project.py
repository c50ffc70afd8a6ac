"""Makes a bare Django project on `auth.User` that holds single apps of ours, as a host would take them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from setup import ROOT, moved

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "a bare project needs one, and this is long enough"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
ROOT_URLCONF = "urls"
USE_TZ = True
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    {apps}
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
    "django.contrib.sessions", "django.contrib.messages", "rest_framework",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {{
    "context_processors": ["django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}}}]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
    "OPTIONS": {{"transaction_mode": "IMMEDIATE", "timeout": 20}}}}}}
"""

URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls)]
"""


@dataclass(frozen=True)
class BareProject:
    """A project on disk; every call is a process of its own, so no app of this checkout leaks in."""

    path: Path

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed; warnings are errors.

        :raises AssertionError: it exited with another code than 0.
        """
        return self._run("-m", "django", *arguments)

    def python(self, code: str) -> str:
        """Run ``code`` after `django.setup()` and return what it printed.

        :raises AssertionError: it exited with another code than 0.
        """
        return self._run("-c", f"import django; django.setup()\n{code}")

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=self.path,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(self.path)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def bare_project(path: Path, *apps: str, package: str = "", settings: str = "", urls: str = "") -> BareProject:
    """Write a project that holds ``apps`` and nothing else of ours.

    :param path: an empty folder.
    :param apps: names of our apps, as `auditlog`.
    :param package: move the apps under this package, as a wheel does; empty leaves them at the top level.
    :param settings: lines to add to the settings module; `{package}` becomes the prefix of a dotted path (`bulwark.`).
    :param urls: lines to add to the URLconf; `{package}` as above.
    """
    prefix = f"{package}." if package else ""
    target = path / package if package else path
    target.mkdir(exist_ok=True)
    if package:
        (target / "__init__.py").touch()
    for app in apps:
        shutil.copytree(ROOT / app, target / app, ignore=shutil.ignore_patterns("__pycache__"))
        for source in (target / app).rglob("*.py"):
            source.write_text(moved(source.read_text(), prefix))
    installed = "\n    ".join(f'"{prefix}{app}",' for app in apps)
    (path / "settings.py").write_text(SETTINGS.format(apps=installed) + settings.replace("{package}", prefix))
    (path / "urls.py").write_text(URLS + urls.replace("{package}", prefix))
    return BareProject(path)
