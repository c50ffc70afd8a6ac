"""Users with a second factor, and how they log in."""

import time
from dataclasses import dataclass, field
from typing import Any

import pyotp

from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.mfa.authenticator import Authenticator


@dataclass
class Phone:
    """An authenticator app with the seed that was shown, and the recovery codes that came with it."""

    secret: str
    codes: list[str] = field(default_factory=list)

    def code(self, *, steps: int = 0) -> str:
        """Return the code of the current time step, or of one that lies ``steps`` ahead."""
        return str(pyotp.TOTP(self.secret).at(int(time.time()), counter_offset=steps))


def enrol_phone(browser: Browser) -> Phone:
    """Set an authenticator app up for whoever is logged in. Its first code is used up."""
    begun = browser.send("POST", "mfa/totp")
    assert begun.status_code == 200, begun.content
    phone = Phone(read(begun)["secret"])
    confirmed = browser.send("POST", "mfa/totp/confirm", {"code": phone.code(steps=-1)})
    assert confirmed.status_code == 200, confirmed.content
    phone.codes, browser.access = read(confirmed)["recovery_codes"], read(confirmed)["access"]
    return phone


def enrol_passkey(browser: Browser, device: Authenticator | None = None) -> Authenticator:
    """Add a passkey for whoever is logged in."""
    device = device or Authenticator()
    response = offer_passkey(browser, device)
    assert response.status_code == 201, response.content
    return device


def offer_passkey(browser: Browser, device: Authenticator) -> Any:
    """Send a new passkey, keep the access token of the answer, and return it."""
    begun = read(browser.send("POST", "mfa/passkeys/options"))
    body = {"credential": device.create(begun["public_key"]), "state": begun["state"], "name": "Key ring"}
    response = browser.send("POST", "mfa/passkeys", body)
    if response.status_code == 201:
        browser.access = read(response)["access"]
    return response


def first_step(browser: Browser, name: str = "alice", transport: str = "body") -> str:
    """Show the password, and return the token of the second step."""
    browser.access = ""
    response = browser.log_in(f"{name}@example.com", password=PASSWORD, transport=transport)
    assert response.status_code == 401, response.content
    token: str = read(response)["mfa_token"]
    return token


def second_step(browser: Browser, token: str, **factor: Any) -> Any:
    """Show a second factor, keep the tokens, and return the answer."""
    response = browser.send("POST", "login/mfa", {"mfa_token": token, **factor}, Authorization="")
    take(browser, response)
    return response


def log_in_by_passkey(browser: Browser, device: Authenticator, transport: str = "body") -> Any:
    """Log in without a password, keep the tokens, and return the answer."""
    begun = read(browser.send("POST", "login/passkey/options", {}, Authorization=""))
    body = {"credential": device.get(begun["public_key"]), "state": begun["state"], "transport": transport}
    response = browser.send("POST", "login/passkey", body, Authorization="")
    take(browser, response)
    return response


def assertion(browser: Browser, device: Authenticator, token: str = "") -> dict[str, Any]:
    """Return a passkey's answer for a second step, or for whoever is logged in."""
    if token:
        begun = read(browser.send("POST", "login/passkey/options", {"mfa_token": token}, Authorization=""))
    else:
        begun = read(browser.send("POST", "reauthenticate/options"))
    return {"credential": device.get(begun["public_key"]), "state": begun["state"]}


def take(browser: Browser, response: Any) -> None:
    """Keep the tokens of an answer."""
    if response.status_code == 200:
        body = read(response)
        browser.access, browser.refresh_token = body["access"], body.get("refresh", "")
