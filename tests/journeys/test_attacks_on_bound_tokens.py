"""Thieves of tokens that are bound to a key (DPoP): what they stole is worth nothing without the key.

Each theft is tried twice: it fails, and with its control switched off it works.
"""

from typing import Any

import pytest
from django.http import HttpResponse

from accounts import authentication, dpop
from accounts.errors import Refusal
from accounts.models import TokenFamily
from auditlog.models import Event
from tests.accounts.browser import PASSWORD, ROOT, Browser, read
from tests.accounts.conftest import make_user
from tests.accounts.proving import ClientKey

pytestmark = pytest.mark.django_db
ORIGIN = "https://testserver"


class BoundBrowser(Browser):
    """A client whose tokens are bound to its key."""

    def __init__(self) -> None:
        super().__init__()
        self.key = ClientKey()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        token = self.access if "Authorization" not in headers else ""
        if token:
            headers["Authorization"] = f"DPoP {token}"
        if "DPoP" not in headers:
            headers["DPoP"] = self.key.proof(method, f"{ORIGIN}{ROOT}{path}", token=token)
        return super().send(method, path, body, **headers)


@pytest.fixture
def owner() -> BoundBrowser:
    make_user("alice")
    browser = BoundBrowser()
    assert browser.log_in("alice@example.com").status_code == 200
    assert TokenFamily.objects.get().dpop_jkt == browser.key.jkt
    return browser


def last_reason() -> str:
    event = Event.objects.filter(type="accounts.token_rejected").order_by("pk").last()
    assert event is not None
    return event.reason


def test_a_bound_session_works_with_its_key(owner: BoundBrowser) -> None:
    assert owner.send("GET", "me").status_code == 200
    refreshed = owner.refresh()
    assert (refreshed.status_code, read(refreshed)["token_type"]) == (200, "DPoP")
    assert refreshed.headers["DPoP-Nonce"]
    assert owner.send("GET", "me").status_code == 200


def test_what_is_shown_again_brings_a_bound_token(owner: BoundBrowser) -> None:
    shown = owner.reauthenticate(password=PASSWORD)
    assert (shown.status_code, read(shown)["token_type"]) == (200, "DPoP")
    assert shown.headers["DPoP-Nonce"]
    assert owner.send("GET", "me").status_code == 200
    assert Browser().send("GET", "me", Authorization=f"Bearer {owner.access}").status_code == 401


def test_a_stolen_refresh_token_without_the_key_is_useless(owner: BoundBrowser) -> None:
    bare, other = Browser(), BoundBrowser()
    for thief, reason in ((bare, "other_key"), (other, "other_key")):
        response = thief.refresh(owner.refresh_token)
        assert (response.status_code, read(response)["code"]) == (401, "invalid_dpop_proof")
        assert last_reason() == reason
    assert owner.refresh().status_code == 200  # and the owner goes on


def test_a_stolen_refresh_token_would_work_without_the_check(
    owner: BoundBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.rotation._holder_fault", lambda *_, **__: None)
    assert Browser().refresh(owner.refresh_token).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "DPoP", "dpop"])
def test_a_stolen_access_token_without_the_key_is_useless(scheme: str, owner: BoundBrowser) -> None:
    thief = Browser()
    response = thief.send("GET", "me", Authorization=f"{scheme} {owner.access}")
    assert (response.status_code, read(response)["code"]) == (401, "invalid_dpop_proof")
    assert response.headers["WWW-Authenticate"].startswith("DPoP ")
    assert last_reason() == ("wrong_scheme" if scheme.lower() == "bearer" else "no_proof")


def test_a_stolen_access_token_with_the_thiefs_own_key_is_useless(owner: BoundBrowser) -> None:
    thief = BoundBrowser()
    thief.access = owner.access
    assert thief.send("GET", "me").status_code == 401
    assert last_reason() == "other_key"


def test_a_stolen_access_token_would_work_without_the_check(
    owner: BoundBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "_check_key", lambda *_: None)
    assert Browser().send("GET", "me", Authorization=f"Bearer {owner.access}").status_code == 200


def test_a_proof_that_was_listened_to_is_not_replayed(owner: BoundBrowser) -> None:
    proof = owner.key.proof("GET", f"{ORIGIN}{ROOT}me", token=owner.access)
    assert owner.send("GET", "me", DPoP=proof).status_code == 200
    assert owner.send("GET", "me", DPoP=proof).status_code == 401
    assert last_reason() == "replayed"


def test_a_replayed_proof_would_work_without_the_check(owner: BoundBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.dpop.replays.use_up", lambda *_, **__: True)
    proof = owner.key.proof("GET", f"{ORIGIN}{ROOT}me", token=owner.access)
    assert [owner.send("GET", "me", DPoP=proof).status_code for _ in range(2)] == [200, 200]


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "me"), ("GET", "sessions"), ("GET", "https://evil.example/api/v1/auth/me")]
)
def test_a_proof_for_another_request_is_refused(method: str, path: str, owner: BoundBrowser) -> None:
    url = path if path.startswith("https") else f"{ORIGIN}{ROOT}{path}"
    proof = owner.key.proof(method, url, token=owner.access)
    assert owner.send("GET", "me", DPoP=proof).status_code == 401


def test_a_proof_made_in_advance_is_asked_for_again(owner: BoundBrowser) -> None:
    """Malware that signs proofs for later has no nonce to put into them; and no event is made of an honest one."""
    events = Event.objects.filter(type="accounts.token_rejected").count()
    proof = owner.key.proof("GET", f"{ORIGIN}{ROOT}me", token=owner.access, nonce="")
    response = owner.send("GET", "me", DPoP=proof)
    assert (response.status_code, read(response)["code"]) == (401, "use_dpop_nonce")
    assert 'error="use_dpop_nonce"' in response.headers["WWW-Authenticate"]
    proof = owner.key.proof("GET", f"{ORIGIN}{ROOT}me", token=owner.access, nonce=response.headers["DPoP-Nonce"])
    assert owner.send("GET", "me", DPoP=proof).status_code == 200
    assert Event.objects.filter(type="accounts.token_rejected").count() == events


def test_a_login_is_asked_for_a_nonce_before_its_password_is_looked_at() -> None:
    make_user("alice")
    body = {"email": "alice@example.com", "password": PASSWORD, "transport": "body"}
    browser = BoundBrowser()
    response = browser.send("POST", "login", body, DPoP=browser.key.proof("POST", f"{ORIGIN}{ROOT}login", nonce=""))
    assert (response.status_code, read(response)["code"]) == (401, "use_dpop_nonce")
    assert response.headers["DPoP-Nonce"] == dpop.current_nonce()
    assert not TokenFamily.objects.exists()


def test_a_bearer_token_is_not_made_a_bound_one() -> None:
    make_user("alice")
    owner = Browser()
    owner.log_in("alice@example.com")
    thief = BoundBrowser()
    thief.access = owner.access
    assert thief.send("GET", "me").status_code == 401
    assert thief.refresh(owner.refresh_token).status_code == 401


def test_a_lost_store_accepts_no_proof(owner: BoundBrowser, monkeypatch: pytest.MonkeyPatch) -> None:
    from edge.problems import LimiterUnavailable

    def lost(*_: object, **__: object) -> bool:
        raise LimiterUnavailable

    monkeypatch.setattr("accounts.dpop.replays.use_up", lost)
    response = owner.send("GET", "me")
    assert (response.status_code, read(response)["code"]) == (503, "limiter_unavailable")


def test_the_refusal_of_a_key_leaves_the_refresh_cookie_alone() -> None:
    """A page that forgot its proof has not lost its session."""
    make_user("alice")
    browser = BoundBrowser()
    assert browser.log_in("alice@example.com", transport="cookie").status_code == 200
    headers = {"X-CSRF-Token": browser.csrf, "Origin": ORIGIN, "Authorization": ""}
    response = Browser.send(browser, "POST", "refresh", {}, DPoP="", **headers)
    assert (response.status_code, read(response)["code"]) == (401, Refusal.PROOF)
    assert browser.refresh("").status_code == 200
