"""Google, GitHub, Apple and OpenID Connect, each with what is its own, on the loopback interface."""

from typing import Any

import pytest

from tests.accounts.social.process import told_by

HERE = "/account/social/"
FAILED = ("/account/login?done=provider_failed", None)
UNVERIFIED = ("/account/login?done=provider_email_not_verified&next=%2Faccount%2Fsocial%2F", None)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found: dict[str, Any] = told_by("each_provider", tmp_path_factory.mktemp("each"))
    return found


def ends(told: dict[str, Any], provider: str) -> dict[str, tuple[str, Any]]:
    """Return where the browser was sent in each case, and who is logged in then."""
    return {case: (each["at"], each["who"]) for case, each in told[provider].items()}


@pytest.mark.parametrize(
    ("provider", "authorize", "scope", "mode"),
    [
        ("google", "https://accounts.google.com/o/oauth2/v2/auth", ["email", "openid", "profile"], ""),
        ("github", "https://github.com/login/oauth/authorize", ["user:email"], ""),
        ("apple", "https://appleid.apple.com/auth/authorize", ["email", "name"], "form_post"),
    ],
)
def test_each_is_asked_for_the_address_and_by_pkce(
    told: dict[str, Any], provider: str, authorize: str, scope: list[str], mode: str
) -> None:
    for each in told[provider].values():
        assert (each["to"], each["scope"], each["mode"], each["is_proven"]) == (authorize, scope, mode, True)
        assert each["redirect"] == f"https://testserver/account/social/{provider}/callback"


def test_google_vouches_for_an_address_to_this_client(told: dict[str, Any]) -> None:
    assert ends(told, "google") == {
        "verified": (HERE, ["gina@example.org", "Gina", True]),
        "not verified": UNVERIFIED,
        "for another client": FAILED,
        "from another issuer": FAILED,
        "of another request": FAILED,
        "of no request": FAILED,
        "no ID token": FAILED,
        "of an organisation": (HERE, ["hosted@corp.example", "", True]),
        "of Gmail": (HERE, ["gail@gmail.com", "", True]),
        "verified once": ("/account/login?done=address_taken&next=%2Faccount%2Fsocial%2F", None),
    }


def test_github_vouches_for_the_primary_address_not_for_that_of_the_profile(told: dict[str, Any]) -> None:
    """It is no OpenID Connect: addresses are asked for apart, and a refused code is a 200."""
    assert ends(told, "github") == {
        "verified": (HERE, ["hub@example.org", "Gil Hub", True]),
        "not verified": UNVERIFIED,
        "without addresses": UNVERIFIED,
        "a code that is used up": FAILED,
        "not as documented": FAILED,
    }


def test_apple_vouches_for_what_it_signs_not_for_what_the_browser_brings(told: dict[str, Any]) -> None:
    """Its answer is a form from its own origin, and its client makes its secret anew each time."""
    assert ends(told, "apple") == {
        "verified": (HERE, ["ada@example.org", "Ada Love", True]),
        "not verified": UNVERIFIED,
        "an address of the browser's own": UNVERIFIED,
        "a word of the browser's own": UNVERIFIED,
        "signed by somebody else": FAILED,
        "no object": (HERE, ["a6@example.org", "", True]),
        "no name": (HERE, ["a7@example.org", "", True]),
        "of another request": FAILED,
        "of no request": FAILED,
        "a nonce of the browser's own": FAILED,
        "cancelled": FAILED,
        "another browser": FAILED,
    }


def test_a_provider_of_openid_connect_signs_whom_it_vouches_for(told: dict[str, Any]) -> None:
    """What its token endpoint answers is checked as if it had come by the browser."""
    taken = {
        "signed": (HERE, ["oda@example.org", "Oda", True]),
        "for others too": (HERE, ["o2@example.org", "", True]),
        "without userinfo": (HERE, ["o17@example.org", "", True]),
        "an EC key without alg": (HERE, ["o18@example.org", "", True]),
        "an RSA key without alg": (HERE, ["o19@example.org", "", True]),
        "with the operations of the private key": (HERE, ["o29@example.org", "", True]),
        "keys of two kinds under one id": (HERE, ["o20@example.org", "", True]),
    }
    assert ends(told, "corp") == {case: taken.get(case, FAILED) for case in told["corp"]}
    assert len(told["corp"]) == 29


def test_each_request_has_a_nonce_of_its_own(told: dict[str, Any]) -> None:
    nonces = [each["nonce"] for kind in ("google", "apple", "corp") for each in told[kind].values()]
    assert (len({*nonces}), {len(each) for each in nonces}) == (len(nonces), {32})
    assert {each["nonce"] for each in told["github"].values()} == {""}  # it signs nothing


def test_what_apple_has_sent_is_kept_no_longer_than_it_takes(told: dict[str, Any]) -> None:
    """It holds an `id_token`; `clearsessions` would take it out after two weeks."""
    assert {case: each["is_kept"] for case, each in told["apple"].items() if each["is_kept"]} == {}
    assert all(0 < each["lives"] <= 300 for each in told["apple"].values())  # seconds, where no browser comes back


def test_no_account_is_made_for_who_is_not_let_in_and_nothing_of_a_provider_is_kept(told: dict[str, Any]) -> None:
    cases = [each for kind in ("google", "github", "apple", "corp") for each in told[kind].values()]
    inside = {each["who"][0] for each in cases if each["who"]}
    assert told["users"] == sorted({*inside, "left@corp.example"})
    assert told["kept"] == [{}] * len(inside)
