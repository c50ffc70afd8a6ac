"""Signing in with a real OpenID Connect provider, npm's `oidc-provider`, at the demo as it is served."""

import json
import secrets
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.accounts.social.elsewhere import PROVIDERS, Elsewhere
from tests.clients import node
from tests.pages.site import served

TAKEN = "/account/login?done=address_taken&next=%2Faccount%2Fsocial%2F"
UNVERIFIED = "/account/login?done=provider_email_not_verified&next=%2Faccount%2Fsocial%2F"
FED = 'session ["fed"]'


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    node.node()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    secret = secrets.token_urlsafe(24)
    own = {"server_url": f"http://127.0.0.1:{port}", "secret": secret}
    providers = [{**each, **own} for each in PROVIDERS]
    with pytest.MonkeyPatch.context() as patch:
        for each in providers[1:]:
            each["trusted_domains"] = ["Bulwark.example", "acme.example"]
        patch.setenv("SOCIAL_PROVIDERS", json.dumps(providers))
        with served(tmp_path_factory.mktemp("elsewhere")) as site:
            yield Elsewhere(site, port, secret)


def test_a_newcomer_gets_an_account_and_a_session_like_any_other(elsewhere: Elsewhere) -> None:
    first, again = elsewhere.run({"person": "new", "replay": True}, {"person": "new", "end": "corp"})
    assert again.pop("end") == "/account/social/?done=last"  # nothing else would let her in
    assert first.pop("replay") == "/account/login?done=provider_failed"
    assert [first, again] == [{"begin": 200, "answer": "/account/social/", "in": True}] * 2
    assert elsewhere.methods("new@example.org") == [FED] * 2
    _, name, password, verified_at = elsewhere.user("new@example.org")
    assert (name, password[0], verified_at is not None) == ("Nora New", "!", True)
    assert elsewhere.sql("SELECT COUNT(*) FROM socialaccount_socialtoken") == [(0,)]


def test_an_address_that_the_provider_has_not_verified_is_worth_nothing(elsewhere: Elsewhere) -> None:
    steps = [{"person": name} for name in ("unverified", "stringly", "nameless", "mallory")]
    steps.append({"person": "outsider", "provider": "authority"})
    assert [(each["answer"], each["in"]) for each in elsewhere.run(*steps)] == [(UNVERIFIED, False)] * 5


def test_a_verified_address_takes_no_account_over_that_is_not_linked(elsewhere: Elsewhere) -> None:
    before = elsewhere.methods(elsewhere.alice["email"])
    assert elsewhere.run({"person": "alice"}) == [{"begin": 200, "answer": TAKEN, "in": False}]
    assert elsewhere.methods(elsewhere.alice["email"]) == before


def test_an_unverified_address_would_take_the_account_over(elsewhere: Elsewhere) -> None:
    """With both controls switched off, mallory is bob."""
    assert elsewhere.run({"person": "mallory", "provider": "lax"})[0]["in"] is True
    assert elsewhere.methods(elsewhere.bob["email"])[-1] == FED


def test_the_answer_counts_in_the_browser_that_asked(elsewhere: Elsewhere) -> None:
    """CSRF login: the attacker's answer is put into the victim's browser."""
    refused = elsewhere.run({"person": "new", "otherBrowser": True})
    assert refused == [{"begin": 200, "answer": "/account/login?done=provider_failed", "in": False}]


def test_what_the_provider_signed_for_another_request_is_refused(elsewhere: Elsewhere) -> None:
    refused = elsewhere.run({"person": "new", "nonce": "of-another-request"})
    assert refused == [{"begin": 200, "answer": "/account/login?done=provider_failed", "in": False}]


def test_the_authority_of_a_domain_links_an_address_that_somebody_else_registered_in_advance(
    elsewhere: Elsewhere,
) -> None:
    elsewhere.sql("UPDATE bulwark_accounts_user SET email_verified_at = NULL WHERE email = ?", elsewhere.erin["email"])
    other, own = elsewhere.run({"person": "erin"}, {"person": "erin", "provider": "authority"})
    assert (other["in"], own["in"]) == (False, True)
    _, _, password, verified_at = elsewhere.user(elsewhere.erin["email"])
    assert (password[0], verified_at is not None) == ("!", True)
    ended = elsewhere.sql(
        "SELECT COUNT(*) FROM bulwark_accounts_tokenfamily WHERE user_id = ? AND revoked_at IS NULL",
        elsewhere.user(elsewhere.erin["email"])[0],
    )
    assert ended == [(1,)]


def test_the_owner_links_by_logging_in_first_and_a_second_factor_is_asked_for_as_ever(elsewhere: Elsewhere) -> None:
    """What is linked is the provider's account: not its address, which is another's here."""
    alice = elsewhere.alice
    linked, signed_in, stolen = elsewhere.run(
        {"person": "linked", "logIn": alice, "from": "/account/social/"},
        {"person": "linked"},
        {"person": "linked", "logIn": elsewhere.bob, "from": "/account/social/"},
    )
    assert (linked["answer"], signed_in["answer"], signed_in["in"]) == ("/account/social/", "/account/social/", True)
    assert stolen["answer"] == "/account/login?done=linked_to_another"
    assert elsewhere.methods(alice["email"])[-1] == FED
    assert elsewhere.is_mailed(alice["email"], "was linked with yours")
    elsewhere.add_second_factor(alice["email"])
    assert elsewhere.run({"person": "linked"}) == [
        {"begin": 200, "answer": "/account/login/mfa?next=%2Faccount%2Fsocial%2F", "in": False}
    ]


def test_a_link_that_is_ended_signs_nobody_in(elsewhere: Elsewhere) -> None:
    linked, later = elsewhere.run(
        {"person": "bobs", "logIn": elsewhere.bob, "from": "/account/social/", "end": "corp"}, {"person": "bobs"}
    )
    assert (linked["answer"], linked["end"]) == ("/account/social/", "/account/social/")
    assert (later["answer"], later["in"]) == (UNVERIFIED, False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("google/callback?code=x&state=y", 404),
        ("apple/callback", 404),
        ("oidc/unknown/callback?code=x&state=y", 404),
        ("oidc/corp/callback?code=x&state=y", 302),
        ("oidc/corp/callback?error=access_denied", 302),
        ("corp/begin", 405),
        ("corp/end", 405),
    ],
)
def test_an_answer_that_nobody_asked_for_is_refused(path: str, status: int, elsewhere: Elsewhere) -> None:
    response = httpx.get(f"{elsewhere.site.url}/account/social/{path}", trust_env=False)
    assert response.status_code == status
    if status == 302:
        assert response.headers["Location"].endswith("?done=provider_failed")


def test_a_provider_that_does_not_answer_is_no_error_of_ours(elsewhere: Elsewhere) -> None:
    """Between runs it is switched off."""
    with httpx.Client(base_url=elsewhere.site.url, trust_env=False) as client:
        client.get("/account/login")
        token = client.cookies["csrftoken"]
        form = {"csrfmiddlewaretoken": token, "next": "/"}
        assert client.post("/account/social/corp/begin", data={**form, "csrfmiddlewaretoken": "x"}).status_code == 403
        response = client.post("/account/social/corp/begin", data=form)
    assert response.headers["Location"] == "/account/login?done=provider_failed&next=%2F"


@pytest.mark.parametrize("path", ["login/", "signup/", "email/", "password/reset/", "3rdparty/", "social/signup/"])
def test_nothing_of_allauths_own_is_served(path: str, elsewhere: Elsewhere) -> None:
    for prefix in ("account", "accounts"):
        response = httpx.get(f"{elsewhere.site.url}/{prefix}/{path}", trust_env=False)
        assert response.status_code == 404
