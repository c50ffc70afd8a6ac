"""How passwords are kept, and what the time of an answer tells."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from pytest_django import Settings

from accounts.models import User
from accounts.validators import MaximumLengthValidator
from tests.accounts.browser import PASSWORD, Browser
from tests.accounts.conftest import make_user
from tests.accounts.counting_hasher import calls

ARGON2 = ["accounts.hashers.Argon2idHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]


def test_passwords_are_kept_with_argon2id(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ARGON2
    encoded = make_password(PASSWORD)
    assert encoded.startswith("argon2$argon2id$v=19$m=65536,t=3,p=1$")
    assert check_password(PASSWORD, encoded)
    assert not check_password(f"{PASSWORD} ", encoded)


def test_a_cheaper_argon2_hash_is_made_anew(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    old = make_password(PASSWORD)
    settings.PASSWORD_HASHERS = ARGON2
    found: list[str] = []
    assert check_password(PASSWORD, old, setter=found.append)
    assert found == [PASSWORD]
    assert identify_hasher(old).must_update(old)


@pytest.mark.parametrize("case", ["right", "wrong", "unknown", "inactive", "unusable", "unverified"])
def test_every_login_hashes_exactly_once(case: str, db: None, settings: Settings, browser: Browser) -> None:
    """The hash is what takes time; who is named must not decide whether it is computed."""
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    alice = make_user("alice")
    if case == "inactive":
        User.objects.update(is_active=False)
    elif case == "unverified":
        User.objects.update(email_verified_at=None)
    elif case == "unusable":
        alice.set_unusable_password()
        alice.save()
    calls.clear()
    name = "nobody" if case == "unknown" else "alice"
    status = browser.log_in(f"{name}@example.com", password="not this one" if case == "wrong" else PASSWORD).status_code
    assert status == {"right": 200, "unverified": 403}.get(case, 401)
    assert calls["encode"] == 1


@pytest.mark.parametrize("case", ["new", "known", "waiting"])
def test_every_registration_hashes_exactly_once(case: str, db: None, settings: Settings, browser: Browser) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    if case != "new":
        make_user("alice", **({"email_verified_at": None} if case == "waiting" else {}))
    calls.clear()
    assert browser.send("POST", "register", {"email": "alice@example.com", "password": PASSWORD}).status_code == 202
    assert calls["encode"] == 1


def test_a_long_password_is_refused_before_it_is_hashed(db: None, settings: Settings, browser: Browser) -> None:
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher"]
    make_user("alice")
    calls.clear()
    assert browser.log_in("alice@example.com", password="x" * 129).status_code == 422
    assert calls["encode"] == 0


def test_the_limit_holds_wherever_a_password_is_set(settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MAX_PASSWORD_LENGTH": 20}
    validator = MaximumLengthValidator()
    validator.validate("x" * 20)
    with pytest.raises(Exception, match="at most 20"):
        validator.validate("x" * 21)
    assert "20" in validator.get_help_text()
