"""Keys in Vault and in AWS, through their own client libraries."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts import keys
from accounts.keys import ring
from accounts.keys.aws import AwsKeys
from accounts.keys.base import KeyProvider
from accounts.keys.documents import new_document, with_new_key
from accounts.keys.remote import client_library
from accounts.keys.vault import VaultKeys
from tests.accounts.key_servers import Aws, Vault, serving
from tests.accounts.test_rotation import NOW

DOCUMENT = new_document("EdDSA", NOW)
Store = tuple[KeyProvider, dict[str, Any]]


@pytest.fixture(params=["vault", "aws"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A provider, and what its server keeps: the document."""
    if request.param == "vault":
        token = tmp_path / "token"
        token.write_text("s.token\n")
        versions: list[Any] = [{"keys": json.dumps(DOCUMENT)}]
        with serving(Vault, token="s.token", versions=versions) as (url, kept):
            yield VaultKeys("bulwark", url=url, token_file=token), kept
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with serving(Aws, versions=[json.dumps(DOCUMENT)]) as (url, kept):
        yield AwsKeys("bulwark", endpoint_url=url, region_name="eu-central-1"), kept


def test_the_document_is_read(store: Store) -> None:
    provider, _ = store
    assert provider.load() == DOCUMENT
    assert "bulwark" in provider.describe()


def test_a_new_document_is_stored_and_seen(store: Store) -> None:
    provider, kept = store
    before = provider.version()
    changed = with_new_key(provider.load(), "access", "EdDSA", NOW)
    provider.store(changed)
    assert len(kept["versions"]) == 2
    assert provider.version() != before
    assert provider.load() == changed


def test_a_store_that_is_down_says_so_without_its_secrets(store: Store) -> None:
    provider, kept = store
    kept["status"] = 500
    with pytest.raises(keys.KeysUnavailable) as caught:
        provider.load()
    assert "s.token" not in str(caught.value)


def test_keys_that_were_read_go_on_working_while_the_store_is_down(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    provider, kept = store
    source = ring._Source(provider)
    first = source.ring(fresh=False)
    kept["status"] = 500
    source._looked_at = float("-inf")
    assert source.ring(fresh=False) is first
    assert "stay in use" in caplog.text
    kept["status"] = 200
    provider.store(with_new_key(DOCUMENT, "access", "EdDSA", NOW))
    source._looked_at = float("-inf")
    assert len(source.ring(fresh=False).access.keys) == 2


def test_two_rotations_at_once_in_vault_lose_no_key(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s.token")
    versions = [{"keys": json.dumps(DOCUMENT)}]
    with serving(Vault, token="s.token", versions=versions) as (url, kept):
        one, other = (VaultKeys("bulwark", url=url, token_file=token) for _ in range(2))
        mine, theirs = one.load(), other.load()
        one.store(with_new_key(mine, "access", "EdDSA", NOW))
        with pytest.raises(keys.KeysUnavailable):
            other.store(with_new_key(theirs, "access", "EdDSA", NOW))
        assert len(kept["versions"]) == 2


@pytest.mark.parametrize("case", ["no such secret", "no such field", "wrong token"])
def test_what_vault_does_not_have(case: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("another" if case == "wrong token" else "s.token")
    kept = [{"other": "x"}] if case == "no such field" else [{"keys": "x"}]
    with serving(Vault, token="s.token", versions=kept) as (url, _):
        path = "elsewhere" if case == "no such secret" else "bulwark"
        with pytest.raises(keys.KeysUnavailable):
            VaultKeys(path, url=url, token_file=token).load()


def test_a_binary_secret_is_no_document(store: Store) -> None:
    provider, kept = store
    if isinstance(provider, AwsKeys):
        kept.update(is_binary=True, versions=["AAAA"])
        with pytest.raises(keys.KeysUnavailable, match="binary"):
            provider.load()


def test_a_missing_library_names_the_extra() -> None:
    with pytest.raises(keys.KeysUnavailable, match=r"django-bulwark\[vault\]"):
        client_library("no_such_library", "vault")


def test_settings_name_a_provider(store: Store, settings: Settings) -> None:
    provider, _ = store
    if isinstance(provider, VaultKeys):
        settings.BULWARK_ACCOUNTS = {
            **settings.BULWARK_ACCOUNTS,
            "KEY_PROVIDER": "accounts.keys.vault.VaultKeys",
            "KEY_OPTIONS": {"path": "bulwark", "url": provider.url, "token_file": provider.token_file},
        }
        assert keys.keyring().access.keys[0].key.kid == DOCUMENT["access"][0]["kid"]
        assert ring.provider().refresh_every == 60.0
