"""Signs people in by Google, GitHub, Apple and a provider of OpenID Connect, in a process of its own.

Run as a module it prints what came of each as JSON.
"""

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.accounts.social import fakes
from tests.accounts.social.fakes import APPLE, CLIENT, CURVED, LARGER, OTHER, OWN, SECRET, Fakes, in_pem, jwk
from tests.accounts.social.process import prepare

HERE = "/account/social/"


def claims(name: str, verified: Any = True, **more: Any) -> dict[str, Any]:
    """Return what an `id_token` says of somebody with an address."""
    return {"sub": name, "email": f"{name}@example.org", "email_verified": verified} | more


#: The client's secret as a JWK has it.
K = base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")
#: provider -> case -> what the provider says.
CASES: dict[str, dict[str, dict[str, Any]]] = {
    "google": {
        "verified": {"claims": claims("Gina", given_name="Gina")},
        "not verified": {"claims": claims("g2", verified=False)},
        "for another client": {"claims": claims("g3", aud="x")},
        "from another issuer": {"claims": claims("g4"), "iss": APPLE},
        "of another request": {"claims": claims("g5", nonce="of another request")},
        "of no request": {"claims": claims("g6", nonce=None)},
        "no ID token": {"claims": claims("g7"), "without": ["id_token"]},
        # Of these somebody has an account here, and the settings trust Google with the domain.
        "of an organisation": {"claims": claims("hosted", email="hosted@corp.example", hd="corp.example")},
        "of Gmail": {"claims": claims("gail", email="gail@gmail.com")},
        "verified once": {"claims": claims("left", email="left@corp.example")},
    },
    "github": {
        "verified": {
            "user": {"id": 1, "login": "hub", "name": "Gil\0 \u202eHub", "email": "public@example.org"},
            "emails": [
                {"email": "1+hub@users.noreply.github.com", "primary": False, "verified": True},
                {"email": "aa@example.org", "primary": False, "verified": False},
                {"email": "hub@example.org", "primary": True, "verified": True},
            ],
        },
        "not verified": {
            "user": {"id": 2, "login": "two", "name": None, "email": "two@example.org"},
            "emails": [{"email": "two@example.org", "primary": True, "verified": False}],
        },
        "without addresses": {"user": {"id": 3, "login": "three", "email": "three@example.org"}},
        "a code that is used up": {"error": True},
        "not as documented": {"user": ["x"], "emails": {}},
    },
    "apple": {
        "verified": {"claims": claims("ada", "true")},
        "not verified": {"claims": claims("a2", "false")},
        "an address of the browser's own": {"claims": {"sub": "a3"}},
        "a word of the browser's own": {"claims": {"sub": "a4", "email": "a4@example.org"}},
        "signed by somebody else": {"claims": claims("a5", "true"), "key": OTHER},
        "no object": {"claims": claims("a6")},
        "no name": {"claims": claims("a7")},
        "of another request": {"claims": claims("a9", nonce="of another request")},
        "of no request": {"claims": claims("a10", nonce=None)},
        "a nonce of the browser's own": {"claims": claims("a11", nonce=None)},
        "cancelled": {},
        "another browser": {"claims": claims("a8")},
    },
    "corp": {
        "signed": {"claims": claims("oda", given_name="Oda")},
        "for others too": {"claims": claims("o2", aud=["x", CLIENT], azp=CLIENT)},
        "signed by somebody else": {"claims": claims("o3"), "key": OTHER},
        "not signed": {"claims": claims("o4"), "key": None, "alg": "none"},
        "signed with the client's secret": {"claims": claims("o5"), "key": SECRET, "alg": "HS256"},
        "for another client": {"claims": claims("o6", aud="x")},
        "for another client of ours": {"claims": claims("o7", aud=["x", CLIENT], azp="x")},
        "for several": {"claims": claims("o8", aud=["x", CLIENT])},
        "from another issuer": {"claims": claims("o9"), "iss": APPLE},
        "run out": {"claims": claims("o10", exp=1)},
        "without end": {"claims": claims("o11", exp=None)},
        "of another request": {"claims": claims("o12", nonce="of another request")},
        "of no request": {"claims": claims("o13", nonce=None)},
        "of somebody else": {"claims": claims("o14"), "userinfo": {"sub": "gina"}},
        "of nobody": {"claims": claims("o15", sub=None)},
        "no ID token": {"claims": claims("o16"), "without": ["id_token"]},
        # A key's `alg` is optional; what it is for is not the token's choice all the same.
        "an EC key without alg": {"claims": claims("o18"), "key": CURVED, "alg": "ES256", "keys": [jwk(CURVED)]},
        "an RSA key without alg": {"claims": claims("o19"), "keys": [jwk(OWN, use="sig")]},
        "keys of two kinds under one id": {"claims": claims("o20"), "keys": [jwk(CURVED), jwk(OWN), {"kty": "oct"}]},
        "RS256 where the key is EC": {"claims": claims("o21"), "keys": [jwk(CURVED)]},
        "ES256 where the key is RSA": {"claims": claims("o22"), "key": CURVED, "alg": "ES256", "keys": [jwk(OWN)]},
        "ES384 where the curve is another": {
            "claims": claims("o23"),
            "key": LARGER,
            "alg": "ES384",
            "keys": [jwk(CURVED)],
        },
        "HS256 by the public RSA key": {"claims": claims("o24"), "key": in_pem(OWN), "alg": "HS256"},
        "HS256 by the public EC key": {
            "claims": claims("o25"),
            "key": in_pem(CURVED),
            "alg": "HS256",
            "keys": [jwk(CURVED)],
        },
        "HS256 by a published secret": {
            "claims": claims("o26"),
            "key": SECRET,
            "alg": "HS256",
            "keys": [{"kty": "oct", "kid": "one", "k": K}],
        },
        "a key for another algorithm": {"claims": claims("o27"), "keys": [jwk(OWN, alg="PS256")]},
        "a key for encryption": {"claims": claims("o28"), "keys": [jwk(OWN, use="enc")]},
        "with the operations of the private key": {"claims": claims("o29"), "keys": [jwk(OWN, key_ops=["sign"])]},
        "without userinfo": {"claims": claims("o17"), "userinfo": {"sub": "gina"}, "fetch_userinfo": False},
    },
}
#: What the browser brings from Apple besides code and state, where it is not the name. Apple signs nothing of it.
USERS: dict[str, Any] = {
    "an address of the browser's own": {"email": "victim@example.org", "email_verified": True},
    "a word of the browser's own": {"email_verified": True},
    "no object": ["x"],
    "no name": {"name": "Ada"},
    "a nonce of the browser's own": {"nonce": "%s"},
}


def sign_in(kind: str, case: str, server: Fakes) -> dict[str, Any]:
    """Sign somebody in, and return where the browser ends and whose session it has."""
    from django.test import Client

    from accounts.social.providers import configured

    (corp,) = configured()["openid_connect"]["APPS"]
    corp["settings"]["fetch_userinfo"] = CASES[kind][case].get("fetch_userinfo", True)
    browser = Client(enforce_csrf_checks=True)
    browser.get("/account/login", secure=True)
    form = {"next": HERE, "csrfmiddlewaretoken": browser.cookies["csrftoken"].value}
    page = browser.post(f"{HERE}{kind}/begin", form, secure=True, headers={"Referer": "https://testserver/"})
    address = urlsplit(page.context["address"])
    asked = dict(parse_qsl(address.query))
    server.says, server.asked, server.nonce = CASES[kind][case], {}, asked.get("nonce", "")
    answer = {"code": "c0de", "state": asked["state"]}
    of_session: dict[str, Any] = {}
    if kind != "apple":
        response = browser.get(f"{HERE}{'oidc/' * (kind == 'corp')}{kind}/callback", answer, secure=True)
    else:
        response, of_session = _finish_apple(browser, case, answer, server.nonce)
    inside = browser.get(HERE, secure=True)
    user = inside.context["user"] if inside.status_code == 200 else None
    return {
        "at": response["Location"],
        "who": None if user is None else [user.email, user.name, user.email_verified_at is not None],
        "to": f"{address.scheme}://{address.netloc}{address.path}",
        "scope": sorted(asked["scope"].split()),
        "is_proven": "code_challenge" in asked and (not server.asked or "code_verifier" in server.asked),
        "redirect": {asked["redirect_uri"], server.asked.get("redirect_uri", asked["redirect_uri"])}.pop(),
        "mode": asked.get("response_mode", ""),
        "nonce": server.nonce,
        **of_session,
    }


def _finish_apple(browser: Any, case: str, answer: dict[str, str], nonce: str) -> tuple[Any, dict[str, Any]]:
    """Bring Apple's answer: a form from its own origin, to which a browser sends none of our cookies.

    It returns the response, and what became of the session that keeps the form meanwhile.
    """
    from allauth.socialaccount.sessions import SessionStore
    from django.test import Client

    user = USERS.get(case, {"name": {"firstName": "Ada", "lastName": "Love"}, "email": "other@example.org"})
    form = {**answer, "id_token": "e30.e30.e30", "user": json.dumps(user).replace("%s", nonce)}
    if case == "cancelled":
        form = {"state": answer["state"], "error": "user_cancelled_authorize"}
    bare = Client(enforce_csrf_checks=True)
    posted = bare.post(f"{HERE}apple/callback", form, secure=True, headers={"Origin": APPLE, "Referer": f"{APPLE}/"})
    assert posted.status_code == 302, posted.content
    finishing = Client() if case == "another browser" else browser
    key = posted.cookies["apple-login-session"].value
    finishing.cookies["apple-login-session"] = key
    to = urlsplit(posted["Location"])
    lives = SessionStore(key).get_expiry_age()
    response = finishing.get(f"{to.path}?{to.query}", secure=True)
    return response, {"lives": lives, "is_kept": SessionStore().exists(key)}


def main() -> None:
    prepare(fakes.providers())
    from allauth.socialaccount.models import SocialAccount
    from django.test.utils import setup_test_environment
    from django.utils import timezone

    from accounts.models import User

    for address in ("hosted@corp.example", "gail@gmail.com", "left@corp.example"):
        User.objects.create_user(address, email_verified_at=timezone.now())
    setup_test_environment()  # pages tell what they were made of
    with fakes.listening() as server:
        found: dict[str, Any] = {
            kind: {case: sign_in(kind, case, server) for case in cases} for kind, cases in CASES.items()
        }
    found["kept"] = [each.extra_data for each in SocialAccount.objects.all()]
    found["users"] = sorted(User.objects.values_list("email", flat=True))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
