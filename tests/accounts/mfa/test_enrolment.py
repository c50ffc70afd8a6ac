"""Adding and removing second factors, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts import encryption
from accounts.models import Passkey, RecoveryCode, TokenFamily, TotpDevice, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent
from tests.accounts.mfa.authenticator import Authenticator
from tests.accounts.mfa.devices import Phone, enrol_passkey, enrol_phone, first_step, offer_passkey, second_step


def factors(browser: Browser) -> Any:
    return read(browser.send("GET", "mfa"))


def test_a_new_app_counts_once_it_has_shown_a_code(owner: Browser, alice: User, sent: list[Sent]) -> None:
    begun = owner.send("POST", "mfa/totp")
    body = read(begun)
    assert begun["Cache-Control"] == "no-store"
    assert body["uri"].startswith("otpauth://totp/Bulwark:alice%40example.com?secret=")
    assert body["qr"].startswith("data:image/svg+xml")
    assert factors(owner)["totp"] is False
    assert Browser().log_in("alice@example.com").status_code == 200
    phone = Phone(body["secret"])
    wrong = owner.send("POST", "mfa/totp/confirm", {"code": "000000"})
    assert (wrong.status_code, read(wrong)["errors"][0]["pointer"]) == (422, "/code")
    confirmed = owner.send("POST", "mfa/totp/confirm", {"code": phone.code()})
    body = read(confirmed)
    assert len(body["recovery_codes"]) == 10
    assert (body["token_type"], body["expires_in"], body["acr"]) == ("Bearer", 600, "aal2")
    assert "no-store" in confirmed["Cache-Control"]
    found = factors(owner)
    assert (found["totp"], found["recovery_codes"], found["acr"]) == (True, 10, "aal2")
    enrolled = next(each for each in sent if each.name == "mfa_enrolled")
    assert enrolled.data == {"method": "totp", "first": True, "sessions": 1}


def test_the_code_of_the_enrolment_is_used_up(owner: Browser) -> None:
    phone = Phone(read(owner.send("POST", "mfa/totp"))["secret"])
    code = phone.code()
    assert owner.send("POST", "mfa/totp/confirm", {"code": code}).status_code == 200
    browser = Browser()
    assert second_step(browser, first_step(browser), totp=code).status_code == 401


def test_the_first_factor_ends_the_other_sessions_and_keeps_this_one(alice: User) -> None:
    here, thief = Browser(), Browser()
    here.log_in("alice@example.com")
    thief.log_in("alice@example.com")
    enrol_phone(here)
    assert thief.send("GET", "me").status_code == 401
    assert thief.refresh().status_code == 401
    assert here.send("GET", "me").status_code == 200
    assert here.refresh().status_code == 200


def test_a_new_phone_takes_the_old_ones_place_when_it_works(owner: Browser, phone: Phone) -> None:
    begun = read(owner.send("POST", "mfa/totp"))
    browser = Browser()
    assert second_step(browser, first_step(browser), totp=phone.code()).status_code == 200
    new = Phone(begun["secret"])
    assert read(owner.send("POST", "mfa/totp/confirm", {"code": new.code()}))["recovery_codes"] == []
    assert second_step(browser, first_step(browser), totp=phone.code(steps=1)).status_code == 401
    assert second_step(browser, first_step(browser), totp=new.code(steps=1)).status_code == 200
    assert TotpDevice.objects.count() == 1


def test_a_seed_waits_a_quarter_of_an_hour(owner: Browser, alice: User) -> None:
    phone = Phone(read(owner.send("POST", "mfa/totp"))["secret"])
    TotpDevice.objects.update(created_at=timezone.now() - timedelta(minutes=16))
    assert owner.send("POST", "mfa/totp/confirm", {"code": phone.code()}).status_code == 422


def test_without_the_last_factor_the_codes_go_too(owner: Browser, phone: Phone, sent: list[Sent]) -> None:
    enrol_passkey(owner)
    assert owner.send("DELETE", "mfa/totp").status_code == 204
    assert RecoveryCode.objects.count() == 10
    passkey = factors(owner)["passkeys"][0]["id"]
    assert owner.send("DELETE", f"mfa/passkeys/{passkey}").status_code == 204
    assert RecoveryCode.objects.count() == 0
    removed = [each.data for each in sent if each.name == "mfa_removed"]
    assert removed == [{"method": "totp", "left": 1}, {"method": "passkey", "left": 0}]
    assert owner.send("DELETE", "mfa/totp").status_code == 404
    assert Browser().log_in("alice@example.com").status_code == 200


def test_the_last_factor_stays_where_the_role_asks_for_one(owner: Browser, phone: Phone, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "everybody"}
    refused = owner.send("DELETE", "mfa/totp")
    assert (refused.status_code, read(refused)["code"]) == (409, "mfa_required_by_role")
    assert factors(owner)["totp"] is True
    enrol_passkey(owner)
    assert owner.send("DELETE", "mfa/totp").status_code == 204


def test_a_passkey_is_named_and_renamed(owner: Browser) -> None:
    device = Authenticator()
    added = read(offer_passkey(owner, device))
    assert (added["name"], added["is_synced"], len(added["recovery_codes"])) == ("Key ring", False, 10)
    assert Passkey.objects.get().transports == ["usb"]
    renamed = owner.send("PATCH", f"mfa/passkeys/{added['id']}", {"name": "Blue one"})
    assert read(renamed)["name"] == "Blue one"
    assert factors(owner)["passkeys"][0]["name"] == "Blue one"


def test_recovery_codes_need_something_to_recover(owner: Browser) -> None:
    assert owner.send("POST", "mfa/recovery-codes").status_code == 404


def test_a_seed_is_encrypted_for_its_row_alone(phone: Phone, alice: User) -> None:
    device = TotpDevice.objects.get()
    assert phone.secret.encode() not in bytes(device.seed)
    place = f"totp:{device.pk}:{alice.pk}"
    now = timezone.now()
    assert encryption.decrypt(device.kid, bytes(device.seed), place=place, now=now) == phone.secret.encode()
    with pytest.raises(encryption.Undecipherable):
        encryption.decrypt(device.kid, bytes(device.seed), place="totp:another:row", now=now)
    with pytest.raises(encryption.Undecipherable):
        encryption.decrypt(device.kid, bytes(device.seed)[:-1] + b"x", place=place, now=now)
    with pytest.raises(encryption.Undecipherable):
        encryption.decrypt("20200101-00000000", bytes(device.seed), place=place, now=now)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "mfa/totp"),
        ("DELETE", "mfa/totp"),
        ("POST", "mfa/totp/confirm"),
        ("POST", "mfa/recovery-codes"),
        ("POST", "mfa/passkeys/options"),
        ("POST", "mfa/passkeys"),
        ("PATCH", "mfa/passkeys/6a4c4a3e-0000-4000-8000-000000000000"),
        ("DELETE", "mfa/passkeys/6a4c4a3e-0000-4000-8000-000000000000"),
    ],
)
def test_every_change_asks_for_a_recent_login(method: str, path: str, owner: Browser) -> None:
    TokenFamily.objects.update(auth_time=timezone.now() - timedelta(minutes=11))
    refused = owner.send(method, path, {})
    assert (refused.status_code, read(refused)["code"]) == (401, "insufficient_user_authentication")
    challenge = refused["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="api", error="insufficient_user_authentication"')
    assert 'max_age="600"' in challenge
    assert owner.reauthenticate(password=PASSWORD).status_code == 200
    assert owner.send(method, path, {}).status_code != 401


def test_with_a_factor_every_change_asks_for_it(owner: Browser, phone: Phone) -> None:
    TokenFamily.objects.update(amr=["pwd"])
    refused = owner.send("DELETE", "mfa/totp")
    assert refused.status_code == 401
    assert 'acr_values="aal2"' in refused["WWW-Authenticate"]
    assert (read(refused)["acr_values"], read(refused)["max_age"]) == ("aal2", 600)
    alone = owner.reauthenticate(password=PASSWORD)
    assert (alone.status_code, read(alone)["code"]) == (401, "mfa_required")
    shown = owner.reauthenticate(password=PASSWORD, totp=phone.code())
    assert read(shown)["acr"] == "aal2"
    assert owner.send("DELETE", "mfa/totp").status_code == 204


def test_a_password_change_asks_for_the_second_factor(owner: Browser, phone: Phone) -> None:
    body = {"current_password": PASSWORD, "new_password": "another password, just as long"}
    with time_machine.travel(timezone.now() + timedelta(minutes=30)):
        owner.refresh()
        assert owner.send("POST", "password/change", body).status_code == 401
        owner.reauthenticate(password=PASSWORD, totp=phone.code())
        assert owner.send("POST", "password/change", body).status_code == 204
