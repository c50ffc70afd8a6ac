"""Makes a bare Django project on `auth.User` that holds single apps of ours, as a host would take them."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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

#: Django 6.1 has another way to name a mail server; 5.2 and 6.0 know this one only.
_OLD_MAIL = "ignore:The EMAIL_BACKEND setting is deprecated"
#: What this machine has installed and the host has not: python reads a module of this name before any other.
ABSENT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"The wheel requires nothing that brings {{name!r}}.", name=name)

sys.meta_path.insert(0, Absent())
"""
DRIVERS = ("psycopg", "psycopg_binary", "psycopg_c", "psycopg_pool")  # the host's own choice


@cache
def absent_packages(*extras: str) -> frozenset[str]:
    """Return the import names of what is installed here and does not come with the wheel and its ``extras``."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    brought = brought_by(wanted)
    return frozenset(
        name
        for name, owners in packages_distributions().items()
        if name not in DRIVERS and brought.isdisjoint(map(canonicalize_name, owners))
    )


def brought_by(lines: Iterable[str]) -> set[str]:
    """Return the names of the distributions that requirements bring, and of those that these require in turn."""
    found: dict[str, set[str]] = {}
    waiting = [Requirement(line) for line in lines]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), wanted.extras | {""}
        if extras <= found.get(name, set()):
            continue
        found[name] = found.get(name, set()) | extras
        try:
            needed = [Requirement(line) for line in requires(wanted.name) or []]
        except PackageNotFoundError:  # for another platform
            continue
        for each in needed:
            if not each.marker or any(each.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(each)  # noqa: PERF401 - reads better than the line it would make
    return set(found)


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
            [sys.executable, "-W", "error", "-W", _OLD_MAIL, *arguments],
            cwd=self.path,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "settings",
                "PYTHONPATH": os.pathsep.join([str(self.path), str(self.path / "absent")]),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
        return done.stdout


def bare_project(
    path: Path, *apps: str, package: str = "", settings: str = "", urls: str = "", extras: tuple[str, ...] = ()
) -> BareProject:
    """Write a project that holds ``apps`` and nothing else of ours, on the packages that the wheel requires.

    :param path: an empty folder.
    :param apps: names of our apps, as `auditlog`.
    :param package: move the apps under this package, as a wheel does; empty leaves them at the top level.
    :param settings: lines to add to the settings module; `{package}` becomes the prefix of a dotted path (`bulwark.`).
    :param urls: lines to add to the URLconf; `{package}` as above.
    :param extras: extras of the wheel that the host installs.
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
    (path / "absent").mkdir()
    (path / "absent" / "sitecustomize.py").write_text(ABSENT.format(names=sorted(absent_packages(*extras))))
    return BareProject(path)
