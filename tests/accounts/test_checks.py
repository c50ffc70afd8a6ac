"""Each check says what it should, and is bound."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.apps import apps
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.urls import resolve
from django.utils import timezone
from pytest_django import Settings

from accounts import checks, jose, keys
from accounts.keys.documents import new_document, new_key
from accounts.keys.files import FileKeys
from accounts.keys.memory import MemoryKeys
from accounts.keys.ring import provider
from tests.accounts.queueing import use_queue


@pytest.fixture(autouse=True)
def young_keys() -> Any:
    """Keys of today: the suite's own were made to outlive every moved clock."""
    provider().store(new_document("EdDSA", timezone.now() - timedelta(days=1)))
    yield
    keys.reset()


def ids(*, deploy: bool = True) -> list[str]:
    found = run_checks(include_deployment_checks=deploy)
    return [str(each.id) for each in found if str(each.id).startswith("bulwark_accounts.")]


@pytest.fixture
def good(settings: Settings) -> dict[str, Any]:
    """Settings that no check minds."""
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "PROCESSES": 4}
    use_queue(settings)
    return {**settings.BULWARK_ACCOUNTS}


def test_good_settings_pass(good: dict[str, Any]) -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        ("E001", {"ACCES_TOKEN_LIFETIME": 1}),
        ("E002", {"MODE": "fast"}),
        ("E002", {"COOKIE_PREFIX": "__host-"}),
        ("E003", {"TENANT": "nowhere.at_all"}),
        ("E003", {"SESSION_ANNOTATIONS": {"a": "nowhere.at_all"}, "ANNOTATED_CLAIMS": {}}),
        ("E003", {"ANNOTATED_CLAIMS": {"az": "missing"}}),
        ("E020", {"ANNOTATED_CLAIMS": {"sub": "authorization_version"}}),
        ("E004", {"ACCESS_TOKEN_LIFETIME": timedelta(minutes=16)}),
        ("E004", {"ACCESS_TOKEN_LIFETIME": timedelta(0)}),
        ("E005", {"REFRESH_TOKEN_LIFETIME": timedelta(days=31)}),
        ("E005", {"GRACE_PERIOD": timedelta(minutes=2)}),
        ("E006", {"ISSUER": ""}),
        ("E006", {"AUDIENCE": ""}),
        ("E006", {"AUDIENCE": "https://testserver"}),
        ("E011", {"COOKIE_PREFIX": ""}),
        ("E012", {"MODE": "stateless", "DENYLIST_CACHE": "local"}),
        ("E018", {"GUESSES_PER_ACCOUNT": 0}),
        ("E018", {"GUESS_LOCKS": ()}),
        ("E018", {"HASH_CONCURRENCY": 0}),
        ("W007", {"CHALLENGE": "accounts.guessing.NoChallenge"}),
        ("E003", {"CHALLENGE": "nowhere.at_all"}),
    ],
)
def test_a_wrong_setting_is_an_error(
    number: str, changes: dict[str, Any], good: dict[str, Any], settings: Settings
) -> None:
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings.CACHES = {**settings.CACHES, "local": local}
    settings.BULWARK_ACCOUNTS = {**good, **changes}
    provider().store(new_document("EdDSA", timezone.now() - timedelta(days=1)))
    assert ids() == [f"bulwark_accounts.{number}"]


def test_a_denylist_of_one_process_is_fine_in_one_process(good: dict[str, Any], settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**good, "MODE": "stateless"}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "PROCESSES": 1}
    assert "bulwark_accounts.E012" not in ids()


def test_simplejwts_blacklist_beside_ours_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_other_apps() == []
    # Its models are bound to INSTALLED_APPS when they are imported, so it cannot be installed for one test.
    monkeypatch.setattr(apps, "is_installed", lambda name: name == "rest_framework_simplejwt.token_blacklist")
    assert [each.id for each in checks.check_other_apps()] == ["bulwark_accounts.E007"]


def test_a_missing_policy_is_an_error(settings: Settings) -> None:
    limits = {name: policy for name, policy in settings.BULWARK_EDGE["RATELIMITS"].items() if name != "login"}
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMITS": limits}
    assert [each.msg for each in checks.check_policies()] == [
        'BULWARK_EDGE["RATELIMITS"] lacks the policy "login", which a route of accounts names.'
    ]


def test_no_usable_keys_are_an_error(settings: Settings, tmp_path: Path) -> None:
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": tmp_path / "missing.json"},
    }
    assert [each.id for each in checks.check_key_set()] == ["bulwark_accounts.E009"]
    FileKeys(tmp_path / "missing.json").store(new_document("EdDSA", timezone.now() + timedelta(days=1)))
    keys.reset()
    (found,) = checks.check_key_set()
    assert (found.id, "No key is active" in found.msg) == ("bulwark_accounts.E009", True)


def test_a_key_file_that_others_read_is_a_warning(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    FileKeys(path).store(new_document("EdDSA", timezone.now()))
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": path},
    }
    assert checks.check_key_set() == []
    path.chmod(0o644)
    assert [each.id for each in checks.check_key_set()] == ["bulwark_accounts.W002"]


def test_an_old_key_is_a_warning() -> None:
    provider().store(new_document("EdDSA", timezone.now() - timedelta(days=91)))
    assert [each.id for each in checks.check_key_set()] == ["bulwark_accounts.W001"] * 2


@pytest.mark.parametrize(("days", "found"), [(364, []), (366, ["bulwark_accounts.W001"])])
def test_an_old_encryption_key_is_a_warning(days: int, found: list[str]) -> None:
    """ASVS 5.0, V13.3.4: what the calendar of secrets asks for is looked at."""
    provider().store(new_document("EdDSA", timezone.now() - timedelta(days=days)))
    assert [each.id for each in checks.check_encryption()] == found


def weak_rsa() -> dict[str, Any]:
    material = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jose.private_jwk(jose.Key("weak", "RS256", None, material))


def test_weak_or_shared_keys_are_errors(settings: Settings) -> None:
    now = timezone.now().isoformat()
    public = {name: value for name, value in new_key("EdDSA", timezone.now()).items() if name != "d"}
    secret_key = jose.encode_segment(settings.SECRET_KEY.encode())
    cases = {
        "fewer than 3072 bits": weak_rsa(),
        "shared secret": new_key("HS256", timezone.now()),
        "cannot sign": public,
        "is SECRET_KEY": {"kty": "oct", "kid": "same", "alg": "HS256", "k": secret_key},
    }
    for words, jwk in cases.items():
        document = new_document("EdDSA", timezone.now())
        provider().store({**document, "access": [{**jwk, "active_from": now}]})
        found = checks.check_key_set()
        assert {each.id for each in found} == {"bulwark_accounts.E010"}, words
        assert any(words in each.msg for each in found)


def test_secret_key_under_the_refresh_tokens_is_an_error(settings: Settings) -> None:
    secret_key = jose.encode_segment(settings.SECRET_KEY.encode())
    document = new_document("EdDSA", timezone.now())
    provider().store({**document, "refresh": [{**document["refresh"][0], "k": secret_key}]})
    assert [each.id for each in checks.check_key_set()] == ["bulwark_accounts.E010"]


def test_sqlite_without_queueing_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.check_databases() == []
    monkeypatch.setitem(settings.DATABASES, "other", {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"})
    assert [each.id for each in checks.check_databases()] == ["bulwark_accounts.E013"]


def test_a_route_made_atomic_again_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", value=True)
    assert checks.check_transactions() == []
    monkeypatch.setattr(resolve("/api/v1/auth/refresh").func, "_non_atomic_requests", set())
    assert [each.id for each in checks.check_transactions()] == ["bulwark_accounts.E014"]


@pytest.mark.parametrize("engine", ["db", "cached_db", "cache", "file"])
def test_an_engine_that_keeps_cookies_is_a_warning(engine: str, settings: Settings) -> None:
    assert checks.check_session_engine() == []
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    assert [each.id for each in checks.check_session_engine()] == ["bulwark_accounts.W008"]
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if not each.endswith(".BrowserSessionMiddleware")]
    assert checks.check_session_engine() == []  # those sessions are none of ours: W005 says so


def test_an_engine_that_keeps_nothing_is_no_warning(settings: Settings) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert checks.check_session_engine() == []


def test_every_check_is_bound() -> None:
    named = {check for name, check in vars(checks).items() if name.startswith("check_")}
    assert named == {*checks.ALWAYS, *checks.DEPLOY}
    assert set(checks.ALWAYS) <= registry.registered_checks
    assert set(checks.DEPLOY) <= registry.deployment_checks


def test_the_suite_signs_with_keys_of_its_own() -> None:
    assert isinstance(provider(), MemoryKeys)
