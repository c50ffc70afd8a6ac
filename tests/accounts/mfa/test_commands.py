"""The commands about second factors and what encrypts them."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.keys.documents import new_document
from accounts.keys.files import FileKeys
from accounts.keys.ring import provider
from accounts.models import SpentToken, TotpDevice, User
from tests.accounts.browser import Browser
from tests.accounts.conftest import Sent
from tests.accounts.mfa.devices import Phone, first_step, second_step


def run(name: str, *arguments: str) -> str:
    out = io.StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_a_reset_takes_the_factors_and_the_sessions(
    owner: Browser, phone: Phone, alice: User, sent: list[Sent]
) -> None:
    assert "1 sessions" in run("reset_mfa", "alice@example.com", "--reason", "Passport shown at the desk")
    assert owner.send("GET", "me").status_code == 401
    assert Browser().log_in("alice@example.com").status_code == 200
    reset = next(each for each in sent if each.name == "mfa_reset")
    assert (reset.user, reset.target) == (None, alice)
    assert reset.data == {"by": "command", "reason": "Passport shown at the desk", "sessions": 1}


def test_a_dry_run_takes_nothing(owner: Browser, phone: Phone) -> None:
    said = run("reset_mfa", "alice@example.com", "--reason", "x", "--dry-run")
    assert said.startswith("Would remove totp")
    assert said.endswith("; 1 sessions would end.\n")
    assert TotpDevice.objects.exists()
    assert owner.send("GET", "me").status_code == 200


@pytest.mark.parametrize("arguments", [("nobody@example.com", "--reason", "x"), ("alice@example.com", "--reason", " ")])
def test_a_reset_needs_a_user_and_a_reason(arguments: tuple[str, ...], phone: Phone) -> None:
    with pytest.raises(CommandError):
        run("reset_mfa", *arguments)
    assert TotpDevice.objects.exists()


@pytest.fixture
def own_keys(settings: Settings, tmp_path: Path) -> None:
    """Keys in a file, as servers have them."""
    options = {"KEY_PROVIDER": "accounts.keys.files.FileKeys", "KEY_OPTIONS": {"path": tmp_path / "keys.json"}}
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, **options}
    provider().store(new_document("EdDSA", timezone.now() - timedelta(days=1)))


@pytest.mark.usefixtures("own_keys")
def test_seeds_move_to_a_new_key_and_the_old_one_goes(owner: Browser, phone: Phone, sent: list[Sent]) -> None:
    first = TotpDevice.objects.get().kid
    run("rotate_signing_key", "--purpose", "encryption", "--now", "--reason", "x")
    browser = Browser()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert "encryption" in run("keys", "status")
        done = run("reencrypt_secrets", "--drop-keys", "--reason", "the year is over")
        assert "1 secrets encrypted anew.\n1 keys removed." in done
        assert TotpDevice.objects.get().kid != first
        assert [dated.key.kid for dated in keys.keyring().encryption.keys] == [TotpDevice.objects.get().kid]
        assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200
        assert "No key can be removed." in run("reencrypt_secrets", "--drop-keys", "--reason", "once more")
    told = [each.data for each in sent if each.name == "encryption_keys_dropped"]
    assert told == [{"kids": [first], "reason": "the year is over"}]


@pytest.mark.usefixtures("own_keys")
@pytest.mark.parametrize("reason", [(), ("--reason", " "), ("--reason", "x" * 201)])
def test_no_key_is_dropped_without_a_reason(owner: Browser, phone: Phone, reason: tuple[str, ...]) -> None:
    run("rotate_signing_key", "--purpose", "encryption", "--now", "--reason", "x")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)), pytest.raises(CommandError, match="reason"):
        run("reencrypt_secrets", "--drop-keys", *reason)
    assert len(provider().load()["encryption"]) == 2


@pytest.mark.usefixtures("own_keys")
def test_a_login_moves_its_own_seed(owner: Browser, phone: Phone) -> None:
    first = TotpDevice.objects.get().kid
    run("rotate_signing_key", "--purpose", "encryption", "--now", "--reason", "x")
    browser = Browser()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200
        assert TotpDevice.objects.get().kid != first
        assert second_step(browser, first_step(browser), totp=phone.code(steps=1)).status_code == 200


@pytest.mark.usefixtures("own_keys")
def test_a_compromised_key_is_replaced_and_takes_no_seed_along(owner: Browser, phone: Phone) -> None:
    run("rotate_signing_key", "--compromised", "--reason", "leaked")
    browser = Browser()
    assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200


def test_a_key_file_from_before_gets_the_key_it_lacks(tmp_path: Path) -> None:
    source = FileKeys(tmp_path / "keys.json", generate=True)
    source.store({**new_document("EdDSA", timezone.now()), "encryption": []})
    assert len(source.load()["encryption"]) == 1
    assert source.load() == source.load()


def test_pruning_takes_what_nobody_needs(owner: Browser, phone: Phone) -> None:
    browser = Browser()
    assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200
    owner.send("POST", "mfa/totp")
    run("prune_tokens")
    assert (SpentToken.objects.count(), TotpDevice.objects.count()) == (1, 2)
    with time_machine.travel(timezone.now() + timedelta(minutes=20)):
        run("prune_tokens")
    assert (SpentToken.objects.count(), TotpDevice.objects.count()) == (0, 1)
