"""The life of keys, and where they are kept."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.keys import ring
from accounts.keys.documents import new_document, with_new_key
from accounts.keys.environment import EnvironmentKeys
from accounts.keys.files import FileKeys
from accounts.keys.memory import MemoryKeys
from accounts.models import User
from tests.accounts.browser import Browser, read
from tests.accounts.conftest import Sent

NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def key_file(tmp_path: Path, settings: Settings) -> FileKeys:
    """A key file that the settings name."""
    source = FileKeys(tmp_path / "keys.json")
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": tmp_path / "keys.json", "generate": True},
    }
    return source


def test_a_key_is_published_then_signs_then_retires_then_expires() -> None:
    document = new_document("EdDSA", NOW)
    first = document["access"][0]["kid"]
    document = with_new_key(document, "access", "EdDSA", NOW + 15 * MINUTE)
    second = document["access"][1]["kid"]
    key_set = ring.build(document).access

    def states(now: datetime) -> list[str]:
        return [key_set.state(dated, now) for dated in key_set.keys]

    assert states(NOW) == ["active", "published"]
    assert {dated.key.kid for dated in key_set.published(NOW)} == {first, second}
    assert key_set.active(NOW + 14 * MINUTE).key.kid == first
    assert states(NOW + 15 * MINUTE) == ["retired", "active"]
    # The last token of the first key: signed a minute late by a process that had not looked, alive for ten.
    assert key_set.get(first, NOW + 25 * MINUTE) is not None
    assert states(NOW + 26 * MINUTE) == ["expired", "active"]
    assert key_set.get(first, NOW + 26 * MINUTE) is None


def test_refresh_keys_verify_as_long_as_a_session_may_lie_idle() -> None:
    document = with_new_key(new_document("EdDSA", NOW), "refresh", "HS256", NOW + MINUTE)
    first = document["refresh"][0]["kid"]
    key_set = ring.build(document).refresh
    assert key_set.get(first, NOW + timedelta(days=7)) is not None
    assert key_set.get(first, NOW + timedelta(days=7) + 2 * MINUTE) is None


def test_without_an_active_key_nothing_is_signed() -> None:
    key_set = ring.build(new_document("EdDSA", NOW)).access
    with pytest.raises(keys.KeysUnavailable, match="No key is active"):
        key_set.active(NOW - 2 * MINUTE)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["access"][0].pop("active_from"),
        lambda d: d["access"][0].update(active_from="2030-05-01T12:00:00"),
        lambda d: d["access"][0].update(active_from="soon"),
        lambda d: d["access"][0].update(use="enc"),
        lambda d: d["access"].append(d["refresh"][0]),
        lambda d: d["refresh"].append(d["refresh"][0]),
        lambda d: d.update(refresh=d["access"]),
    ],
)
def test_a_document_that_is_not_usable_says_so(spoil: Any) -> None:
    document = new_document("EdDSA", NOW)
    spoil(document)
    with pytest.raises(keys.KeysUnavailable, match="not usable"):
        ring.build(document)


def test_the_development_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "keys.json"
    made: list[keys.KeyDocument] = []
    gate = threading.Barrier(6)

    def load() -> None:
        gate.wait()
        made.append(FileKeys(path, generate=True).load())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: load(), range(6)))
    assert {json.dumps(document) for document in made} == {json.dumps(made[0])}
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_a_missing_or_broken_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with pytest.raises(keys.KeysUnavailable, match="FileNotFoundError"):
        FileKeys(path).load()
    for text in ("", "[]", "{}", '{"access": 1, "refresh": []}', "\0"):
        path.write_text(text)
        with pytest.raises(keys.KeysUnavailable, match="no key document"):
            FileKeys(path).load()


def test_keys_come_from_a_variable_or_the_file_it_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = EnvironmentKeys("TEST_KEYS")
    with pytest.raises(keys.KeysUnavailable, match="Set TEST_KEYS"):
        source.load()
    document = new_document("EdDSA", NOW)
    monkeypatch.setenv("TEST_KEYS", json.dumps(document))
    assert source.load() == document
    with pytest.raises(keys.KeysReadOnly):
        source.store(document)
    path = tmp_path / "keys.json"
    monkeypatch.setenv("TEST_KEYS_FILE", str(path))
    other = new_document("EdDSA", NOW)
    before = source.version()
    source.store(other)
    assert source.load() == other
    assert source.version() != before
    assert source.describe() == str(path)


def test_a_replaced_file_is_read_again(key_file: FileKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    first = keys.keyring()
    assert keys.keyring() is first
    key_file.store(new_document("EdDSA", NOW))
    monkeypatch.setattr(FileKeys, "refresh_every", 0.0)
    assert keys.keyring().access.keys[0].key.kid != first.access.keys[0].key.kid


def test_unknown_key_ids_do_not_hammer_the_provider(key_file: FileKeys, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(FileKeys, "version", lambda _: looks.append(1))
    for _ in range(200):
        keys.keyring(fresh=True)
    assert len(looks) < 10


def test_the_published_set_is_public_and_may_be_kept(browser: Browser) -> None:
    response = browser.send("GET", "/.well-known/jwks.json")
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=300"
    assert response["Content-Type"] == "application/jwk-set+json"
    (key,) = read(response)["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert browser.send("POST", "/.well-known/jwks.json").status_code == 405


def test_shared_secrets_are_never_published(settings: Settings, browser: Browser) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "ALGORITHM": "HS256"}
    assert read(browser.send("GET", "/.well-known/jwks.json")) == {"keys": []}


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "RS256", "HS256"])
def test_each_algorithm_carries_a_session(algorithm: str, settings: Settings, alice: User, browser: Browser) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "ALGORITHM": algorithm}
    assert browser.log_in("alice@example.com").status_code == 200
    assert browser.refresh().status_code == 200
    assert browser.send("GET", "me").status_code == 200


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_rotation_publishes_now_and_signs_later(key_file: FileKeys, alice: User, browser: Browser) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser.log_in("alice@example.com")
        run("rotate_signing_key")
        assert [line.split()[0::3] for line in run("keys", "status").splitlines()[2:]] == [
            ["access", "active"],
            ["access", "published"],
            ["refresh", "active"],
            ["refresh", "published"],
            ["encryption", "active"],
            ["encryption", "published"],
        ]
        keys.reset()
        assert len(read(browser.send("GET", "/.well-known/jwks.json"))["keys"]) == 2
        clock.shift(16 * MINUTE)
        keys.reset()
        before = browser.refresh_token
        assert browser.refresh().status_code == 200
        # The answer was lost, and the key has changed meanwhile: the retry still gets the same successor.
        successor = browser.refresh_token
        assert browser.refresh(before).status_code == 200
        assert browser.refresh_token == successor
        assert browser.send("GET", "me").status_code == 200
        # Weeks later another rotation clears away what no token needs any more.
        clock.shift(timedelta(days=30))
        run("rotate_signing_key")
        assert [len(key_file.load()[purpose]) for purpose in ("access", "refresh")] == [2, 2]


def test_a_compromised_key_is_worth_nothing_at_once(key_file: FileKeys, alice: User, browser: Browser) -> None:
    browser.log_in("alice@example.com")
    run("rotate_signing_key", "--compromised", "--reason", "leaked")
    keys.reset()
    assert browser.send("GET", "me").status_code == 401
    assert browser.refresh().status_code == 401


def test_a_rotation_is_told_once_it_is_stored(key_file: FileKeys, sent: list[Sent]) -> None:
    run("rotate_signing_key", "--print")
    assert not sent
    run("rotate_signing_key", "--compromised", "--purpose", "access", "--reason", "leaked")
    run("rotate_signing_key")
    assert [(each.name, each.data) for each in sent] == [
        ("signing_keys_rotated", {"purposes": ["access"], "compromised": True, "reason": "leaked"}),
        (
            "signing_keys_rotated",
            {"purposes": ["access", "refresh", "encryption"], "compromised": False, "reason": ""},
        ),
    ]


@pytest.mark.parametrize("when", ["--now", "--compromised"])
@pytest.mark.parametrize("reason", [(), ("--reason", " "), ("--reason", "x" * 201)])
def test_who_does_not_wait_for_the_day_says_why(key_file: FileKeys, when: str, reason: tuple[str, ...]) -> None:
    keys.keyring()
    before = key_file.load()
    with pytest.raises(CommandError, match="reason"):
        run("rotate_signing_key", when, *reason)
    assert key_file.load() == before
    assert len(json.loads(run("rotate_signing_key", when, "--print"))["access"]) == 1 + (when == "--now")


def test_printing_stores_nothing(key_file: FileKeys) -> None:
    before = keys.keyring()
    printed = json.loads(run("rotate_signing_key", "--print"))
    assert len(printed["access"]) == 2
    assert ring.build(key_file.load()).access.keys[0].key.kid == before.access.keys[0].key.kid
    assert len(key_file.load()["access"]) == 1


def test_first_makes_the_first_keys_only(tmp_path: Path, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "KEY_PROVIDER": "accounts.keys.files.FileKeys",
        "KEY_OPTIONS": {"path": tmp_path / "keys.json"},
    }
    with pytest.raises(CommandError, match="--first"):
        run("rotate_signing_key")
    run("rotate_signing_key", "--first")
    assert keys.keyring(fresh=True).access.active(timezone.now() + MINUTE).key.alg == "EdDSA"
    with pytest.raises(CommandError, match="already"):
        run("rotate_signing_key", "--first")


def test_no_command_shows_a_key(key_file: FileKeys) -> None:
    keys.keyring()
    secrets = [
        jwk[member] for jwks in key_file.load().values() for jwk in jwks for member in ("d", "k") if member in jwk
    ]
    assert len(secrets) == 3
    text = run("keys", "status") + run("rotate_signing_key", "--now", "--reason", "x")
    assert [secret for secret in secrets if secret in text] == []


def test_rotation_under_load_refuses_nobody(key_file: FileKeys, alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes share the file; one rotates at once while the other goes on with the keys it has read."""
    from accounts.tokens import make_access_token, read_access_token
    from tests.accounts.test_authentication import family_of

    family, statuses = family_of(alice), []
    mine, theirs = ring._Source(FileKeys(key_file.path, generate=True)), ring._Source(FileKeys(key_file.path))
    for number in range(60):
        if number % 20 == 10:
            # At once: the signer knows the new key before the verifier has looked.
            document = with_new_key(mine.provider.load(), "access", "EdDSA", timezone.now())
            mine.provider.store(document)
            mine._looked_at = float("-inf")
        monkeypatch.setattr(ring, "_current", mine)
        token = make_access_token(alice, family, now=timezone.now())
        monkeypatch.setattr(ring, "_current", theirs)
        theirs._looked_at -= FileKeys.fresh_every  # time passes
        statuses.append(read_access_token(token, now=timezone.now())["sub"] == str(alice.pk))
    assert statuses == [True] * 60
    assert len(mine.provider.load()["access"]) == 4


@pytest.mark.parametrize("microsecond", [0, 799_999, 800_000, 999_999])
def test_whoever_meets_a_key_that_signs_at_once_may_look_for_it(key_file: FileKeys, microsecond: int) -> None:
    """At the worst another server has looked just before the document was there, and that took as long as it may."""
    theirs, now = ring._Source(FileKeys(key_file.path, generate=True)), timezone.now().replace(microsecond=microsecond)
    theirs.ring(fresh=False)
    signs_from = ring.soonest(theirs.provider, now)
    document = with_new_key(key_file.load(), "access", "EdDSA", signs_from)
    key_file.store(document)
    theirs._looked_at = time.monotonic() - (signs_from - now - ring._STORING).total_seconds()
    assert theirs.ring(fresh=True).access.active(signs_from).key.kid == document["access"][-1]["kid"]


def test_who_meets_an_unknown_key_waits_for_the_look_that_finds_it(
    key_file: FileKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a slow thread looks, another one is shown the new key: it must not be told that there is none."""
    monkeypatch.setattr(FileKeys, "fresh_every", 0.0)
    monkeypatch.setattr(ring, "_PATIENCE", 10.0)  # the machine may be busy
    keys.keyring()
    begun, go_on = threading.Event(), threading.Event()
    document = with_new_key(key_file.load(), "access", "EdDSA", timezone.now())
    load = FileKeys.load

    def slow(self: FileKeys) -> Any:
        begun.set()
        assert go_on.wait(10)
        return load(self)

    key_file.store(document)
    monkeypatch.setattr(FileKeys, "load", slow)
    new = document["access"][-1]["kid"]
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(keys.keyring, fresh=True)
        assert begun.wait(10)
        meeting = pool.submit(keys.keyring, fresh=True)
        time.sleep(0.05)
        go_on.set()
        assert meeting.result().access.get(new, timezone.now())
        assert looking.result().access.get(new, timezone.now())


def test_memory_keys_survive_a_change_of_settings(settings: Settings) -> None:
    before = keys.keyring().access.keys[0].key.kid
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "COOKIE_CSRF": False}
    assert keys.keyring().access.keys[0].key.kid == before
    assert MemoryKeys(new_document("EdDSA", NOW)).load()["access"][0]["kid"] != before
