"""Passkeys over HTTP, with an authenticator in software; the browser's own is in tests/pages."""

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from fido2.utils import websafe_decode, websafe_encode
from pytest_django import Settings

from accounts.mfa import passkeys
from accounts.models import Passkey, SpentToken, TokenFamily, User
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent, make_user
from tests.accounts.mfa.authenticator import FLAG, Authenticator
from tests.accounts.mfa.devices import (
    assertion,
    enrol_passkey,
    first_step,
    log_in_by_passkey,
    offer_passkey,
    second_step,
)


@pytest.fixture
def key(owner: Browser) -> Authenticator:
    """alice's passkey."""
    return enrol_passkey(owner)


def test_a_passkey_logs_in_without_a_password(key: Authenticator, alice: User) -> None:
    browser = Browser()
    response = log_in_by_passkey(browser, key)
    assert response.status_code == 200, response.content
    family = TokenFamily.objects.of(alice).latest("created_at")
    assert family.amr == ["hwk", "user", "mfa"]
    assert browser.send("GET", "me").status_code == 200
    assert Passkey.objects.get().sign_count == key.count


def test_a_passkey_that_is_synced_counts_nothing_and_says_so(owner: Browser, alice: User) -> None:
    key = enrol_passkey(owner, Authenticator(step=0, flags=FLAG.UP | FLAG.UV | FLAG.BE | FLAG.BS))
    browser = Browser()
    assert [log_in_by_passkey(browser, key).status_code for _ in range(3)] == [200] * 3
    assert TokenFamily.objects.of(alice).latest("created_at").amr == ["swk", "user", "mfa"]
    assert Passkey.objects.get().is_synced is True


def test_a_passkey_is_a_second_step(key: Authenticator, alice: User) -> None:
    browser = Browser()
    token = first_step(browser)
    response = second_step(browser, token, passkey=assertion(browser, key, token))
    assert response.status_code == 200, response.content
    assert TokenFamily.objects.of(alice).latest("created_at").amr == ["pwd", "hwk", "mfa"]


def test_a_passkey_alone_shows_the_credentials_again(owner: Browser, key: Authenticator) -> None:
    TokenFamily.objects.update(amr=["pwd"])
    response = owner.reauthenticate(passkey=assertion(owner, key))
    assert (response.status_code, read(response)["acr"]) == (200, "aal2")


@pytest.mark.parametrize("step", [0, 1])
def test_a_copy_of_a_passkey_is_refused_and_told_of(step: int, key: Authenticator, sent: list[Sent]) -> None:
    """The thief's copy has signed less often than the owner's device by now."""
    thief = key.clone()
    assert log_in_by_passkey(Browser(), key).status_code == 200
    thief.step = step
    response = log_in_by_passkey(Browser(), thief)
    assert (response.status_code, read(response)["code"]) == (401, "mfa_failed")
    clone = next(each for each in sent if each.name == "passkey_clone_detected")
    assert clone.target == Passkey.objects.get()
    assert clone.data == {"stored": key.count, "presented": thief.count}
    assert sent[-1].data["reason"] == "cloned"
    assert log_in_by_passkey(Browser(), key).status_code == 200


def test_an_answer_works_once(key: Authenticator) -> None:
    browser = Browser()
    begun = read(browser.send("POST", "login/passkey/options", {}))
    body = {"credential": key.get(begun["public_key"]), "state": begun["state"], "transport": "body"}
    assert browser.send("POST", "login/passkey", body).status_code == 200
    assert Browser().send("POST", "login/passkey", body).status_code == 401


def test_a_challenge_works_once(owner: Browser) -> None:
    """Also where the passkey counts nothing, and the count could not tell."""
    key = enrol_passkey(owner, Authenticator(step=0))
    begun = read(Browser().send("POST", "login/passkey/options", {}))
    for status in (200, 401):
        body = {"credential": key.get(begun["public_key"]), "state": begun["state"], "transport": "body"}
        assert Browser().send("POST", "login/passkey", body).status_code == status


@pytest.mark.parametrize(
    "fault",
    [
        {"origin": "https://testserver.evil.example"},
        {"origin": "https://evil.testserver"},
        {"origin": "http://testserver"},
        {"origin": "not an origin["},
        {"rp_id": "evil.example"},
        {"flags": FLAG.UP},
        {"flags": FLAG.UV},
        {"flags": FLAG.UP | FLAG.UV | FLAG.BE},
        {"is_cross_origin": True},
        {"user_handle": b"somebody else"},
        {"user_handle": b""},
    ],
    ids=str,
)
def test_an_answer_of_another_site_or_without_its_owner_is_refused(fault: dict[str, Any], key: Authenticator) -> None:
    for name, value in fault.items():
        setattr(key, name, value)
    response = log_in_by_passkey(Browser(), key)
    assert (response.status_code, read(response)["code"]) == (401, "mfa_failed")


@pytest.mark.parametrize(
    "fault",
    [{"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"flags": FLAG.UP}, {"is_cross_origin": True}],
    ids=str,
)
def test_a_passkey_of_another_site_is_not_kept(fault: dict[str, Any], owner: Browser) -> None:
    device = Authenticator(**fault)
    assert offer_passkey(owner, device).status_code == 422
    assert not Passkey.objects.exists()
    assert not SpentToken.objects.exists()


def test_a_signature_by_another_key_is_refused(key: Authenticator) -> None:
    key.key = Authenticator().key
    assert log_in_by_passkey(Browser(), key).status_code == 401


@pytest.mark.parametrize("where", ["second step", "again"])
def test_somebody_elses_passkey_proves_nothing(where: str, owner: Browser, key: Authenticator) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    theirs = enrol_passkey(bob)
    if where == "again":
        response = owner.reauthenticate(passkey=assertion(owner, theirs))
        assert response.status_code == 401
    else:
        browser = Browser()
        token = first_step(browser)
        assert second_step(browser, token, passkey=assertion(browser, theirs, token)).status_code == 401
        # Nor does the challenge of one user's step serve another's.
        for device in (theirs, key):
            answer = assertion(browser, device, first_step(Browser(), "bob"))
            assert second_step(browser, token, passkey=answer).status_code == 401


def test_a_login_challenge_is_no_second_step(key: Authenticator) -> None:
    browser = Browser()
    token = first_step(browser)
    begun = read(browser.send("POST", "login/passkey/options", {}))
    answer = {"credential": key.get(begun["public_key"]), "state": begun["state"]}
    assert second_step(browser, token, passkey=answer).status_code == 401


def test_a_challenge_for_a_new_passkey_is_its_users_own(owner: Browser) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    begun = read(bob.send("POST", "mfa/passkeys/options"))
    body = {"credential": Authenticator().create(begun["public_key"]), "state": begun["state"], "name": ""}
    assert owner.send("POST", "mfa/passkeys", body).status_code == 422
    added = bob.send("POST", "mfa/passkeys", body)
    assert added.status_code == 201
    bob.access = read(added)["access"]
    assert bob.send("POST", "mfa/passkeys", body).status_code == 422


def test_a_passkey_belongs_to_one_account(owner: Browser, key: Authenticator) -> None:
    make_user("bob")
    bob = Browser()
    bob.log_in("bob@example.com")
    assert offer_passkey(bob, key.clone()).status_code == 422
    with pytest.raises(IntegrityError), transaction.atomic():
        Passkey.objects.create(user=User.objects.get(name="Bob"), credential_id=key.id, credential=b"", user_handle=b"")


def test_a_second_passkey_of_a_user_shares_the_handle(owner: Browser, key: Authenticator) -> None:
    begun = read(owner.send("POST", "mfa/passkeys/options"))
    assert websafe_decode(begun["public_key"]["user"]["id"]) == key.user_handle
    assert [each["id"] for each in begun["public_key"]["excludeCredentials"]] == [websafe_encode(key.id)]
    assert begun["public_key"]["attestation"] == "none"
    assert begun["public_key"]["authenticatorSelection"]["userVerification"] == "required"
    assert "alice" not in repr(key.user_handle)


def test_nobody_has_more_passkeys_than_are_allowed(
    owner: Browser, key: Authenticator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MAX_PASSKEYS", 2)
    assert [offer_passkey(owner, Authenticator()).status_code for _ in range(2)] == [201, 422]
    assert Passkey.objects.count() == 2


@pytest.mark.parametrize(("length", "status"), [(1023, 201), (1024, 422)])
def test_an_id_is_no_longer_than_the_standard_says(owner: Browser, length: int, status: int) -> None:
    assert offer_passkey(owner, Authenticator(id=b"x" * length)).status_code == status


@pytest.mark.parametrize("state", ["inactive", "unverified"])
def test_a_passkey_does_not_open_an_account_that_is_closed(
    state: str, key: Authenticator, alice: User, sent: list[Sent]
) -> None:
    changed: dict[str, Any] = {"is_active": False} if state == "inactive" else {"email_verified_at": None}
    User.objects.filter(pk=alice.pk).update(**changed)
    assert log_in_by_passkey(Browser(), key).status_code == 401
    assert sent[-1].name == "login_failed"


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["", "!", "AAAA", 7, None, [], {"a": 1}, "x" * 3000])
def test_rubbish_is_refused_and_breaks_nothing(part: str, value: Any, key: Authenticator) -> None:
    browser = Browser()
    begun = read(browser.send("POST", "login/passkey/options", {}))
    credential = key.get(begun["public_key"])
    credential["response"][part] = value
    response = browser.send("POST", "login/passkey", {"credential": credential, "state": begun["state"]})
    assert response.status_code == 401, response.content


@pytest.mark.parametrize(
    "credential", [{}, {"id": "x"}, {"rawId": "x", "response": []}, {"id": 1, "rawId": 1, "response": {}}, {"a": {}}]
)
def test_an_answer_without_its_parts_is_refused(credential: Any, owner: Browser) -> None:
    begun = read(owner.send("POST", "mfa/passkeys/options"))
    body = {"credential": credential, "state": begun["state"]}
    assert owner.send("POST", "mfa/passkeys", body).status_code == 422
    begun = read(owner.send("POST", "login/passkey/options", {}))
    body = {"credential": credential, "state": begun["state"]}
    assert owner.send("POST", "login/passkey", body).status_code == 401


def test_by_cookie_another_sites_page_cannot_log_its_visitor_in(key: Authenticator) -> None:
    browser = Browser()
    begun = read(browser.send("POST", "login/passkey/options", {}))
    body = {"credential": key.get(begun["public_key"]), "state": begun["state"], "transport": "cookie"}
    foreign = browser.send("POST", "login/passkey", body, Origin="https://evil.example")
    assert (foreign.status_code, read(foreign)["code"]) == (403, "csrf_failed")
    assert browser.send("POST", "login/passkey", body).status_code == 200
    assert browser.client.cookies["__Host-refresh"].value


def test_passkeys_are_for_the_domain_of_the_settings(owner: Browser, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {
        **settings.BULWARK_ACCOUNTS,
        "PASSKEY_RP_ID": "example.org",
        "SITE_URL": "https://app.example.org",
    }
    begun = read(owner.send("POST", "mfa/passkeys/options"))
    assert begun["public_key"]["rp"]["id"] == "example.org"
    key = enrol_passkey(owner, Authenticator("https://app.example.org", "example.org"))
    assert log_in_by_passkey(Browser(), key).status_code == 200


def test_the_options_tell_nothing_of_an_account(key: Authenticator) -> None:
    options = read(Browser().send("POST", "login/passkey/options", {}))["public_key"]
    assert options.get("allowCredentials") in (None, [])
    assert websafe_encode(key.id) not in json.dumps(options)


def test_a_user_without_a_password_is_reauthenticated_by_passkey(owner: Browser, key: Authenticator) -> None:
    assert owner.reauthenticate(password=PASSWORD).status_code == 401
    assert owner.reauthenticate().status_code == 401
    assert owner.reauthenticate(passkey=assertion(owner, key)).status_code == 200
