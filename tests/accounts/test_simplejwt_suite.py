"""simplejwt's own tests, run against ours in a project of its own.

What fails must be one of the contradictions below, each with its reason; what passes must not be listed.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from setup import ROOT
from tests.alone.project import bare_project
from tests.alone.test_accounts import SETTINGS

MODULES = ("test_authentication", "test_integration", "test_serializers", "test_tokens", "test_views")
SUPPORT = ("__init__", "keys", "models", "utils", "views")

#: Why a test of theirs cannot pass here: a pattern for the tests' names, for each reason.
CONTRADICTIONS = {
    "There are no sliding tokens: one token that opens and prolongs cannot be revoked.": (
        r"Sliding(Serializer|View)::|test_user_can_get_sliding|test_wrong_auth_type|accept_known_token"
        r"|reject_unknown_token|UntypedToken::test_it_should_accept"
    ),
    "A token belongs to a session: none is made from nothing, and none takes claims of its own.": (
        r"TestTokenRefreshSerializer::test_it_should_(raise_token_error|return_(access_token_if|refresh))"
        r"|TestTokenRefreshView::test_it_should|TestTokenVerify\w+::test_it_should_(not_)?(ignore|raise|return_(given|200))"
        r"|TestTokenBlacklist\w+::test_it|TestAccessToken::test_init|TestRefreshToken::|UntypedToken::test_it_should_expire"
        r"|TestJWTAuthentication::test_get_validated_token$"
    ),
    "The table of blacklisted tokens is not used: it holds raw tokens.": (
        r"blacklist_app_not_installed|should_blacklist_refresh_token"
    ),
    "A user is reached through a session, never by an id in a token, and never when inactive.": (
        r"test_get_user|test_get_inactive_user|user_inactive_but_rule_allows"
    ),
    "A session ends with its user: a 401, not an exception that becomes a 500.": r"error_for_deleted_users",
    "A token whose `iat` lies in the future is refused; theirs is used before it was issued.": (
        r"return_access_token_for_active_users"
    ),
    "A login always counts: `last_login` uses up the reset links that are out.": r"test_update_last_login$",
    "The life of a token is a setting, and an expired one has a code of its own.": r"TestTestView::test_expired_token",
    "Settings that have no counterpart: the header's name, serializers by dotted path.": (
        r"test_get_header_x_access_token|test_serializer_class_not_set"
    ),
}


@pytest.fixture(scope="module")
def sources(request: pytest.FixtureRequest) -> Path:
    """Their released tests, unpacked: fetched once, by the hash that the lock file pins."""
    pin = re.search(r"^djangorestframework-simplejwt==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert pin is not None
    folder = Path(request.config.cache.mkdir("simplejwt")) / f"djangorestframework_simplejwt-{pin[1]}"
    if not folder.exists() and not _fetched(folder):
        if os.environ.get("CI"):
            pytest.fail("The sources of simplejwt could not be fetched.")
        pytest.skip("The sources of simplejwt cannot be fetched here.")
    return folder / "tests"


def _fetched(folder: Path) -> bool:
    lines = (ROOT / "requirements.txt").read_text()
    block = re.search(r"^djangorestframework-simplejwt==.*\n(    --hash=.*\n)+", lines, re.MULTILINE)
    assert block is not None
    wanted = folder.parent / "wanted.txt"
    wanted.write_text(block[0].rstrip(" \\\n") + "\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    command += ["--require-hashes", "--dest", str(folder.parent), "-r", str(wanted)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        return False
    with tarfile.open(folder.with_suffix(folder.suffix + ".tar.gz")) as archive:
        archive.extractall(folder.parent, filter="data")
    return True


@pytest.fixture(scope="module")
def outcomes(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    """Name of each of their tests: whether it passed."""
    path = tmp_path_factory.mktemp("simplejwt")
    settings = SETTINGS.replace('    "EXCEPTION_HANDLER": "{package}edge.problems.exception_handler",\n', "")
    settings += """
import datetime
SECRET_KEY = "not very secret in tests"
BULWARK_ACCOUNTS["ACCESS_TOKEN_LIFETIME"] = datetime.timedelta(minutes=5)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
INSTALLED_APPS += ["tests"]
"""
    urls = """
from tests.views import test_view
urlpatterns += [path("token/", include("accounts.simplejwt.urls")), path("test-view/", test_view, name="test_view")]
"""
    bare_project(path, "edge", "accounts", settings=settings, urls=urls)
    (path / "tests").mkdir()
    for name in (*SUPPORT, *MODULES):
        shutil.copy(sources / f"{name}.py", path / "tests")
    shutil.copy(ROOT / "tests" / "accounts" / "simplejwt_redirection.py", path / "redirection.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "redirection", "-p", "no:randomly", "-p", "no:cacheprovider"]
    command += ["-W", "ignore", "--rootdir", str(path), "--junitxml", "results.xml", "tests"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(path)}
    done = subprocess.run(command, cwd=path, env=environment, capture_output=True, text=True, check=False)
    assert (path / "results.xml").exists(), done.stdout + done.stderr
    cases = ElementTree.parse(path / "results.xml").getroot().iter("testcase")
    return {
        f"{case.get('classname', '').split('.')[-1]}::{case.get('name')}": case.find("failure") is None
        and case.find("error") is None
        for case in cases
    }


def _contradicts(name: str) -> bool:
    return any(re.search(pattern, name) for pattern in CONTRADICTIONS.values())


def test_their_tests_ran(outcomes: dict[str, bool]) -> None:
    assert len(outcomes) > 100


def test_what_does_not_contradict_the_design_passes(outcomes: dict[str, bool]) -> None:
    assert [name for name, passed in outcomes.items() if not passed and not _contradicts(name)] == []


def test_every_contradiction_is_one(outcomes: dict[str, bool]) -> None:
    for reason, pattern in CONTRADICTIONS.items():
        assert any(re.search(pattern, name) and not passed for name, passed in outcomes.items()), reason
