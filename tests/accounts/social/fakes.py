"""Google, GitHub, Apple and one of OpenID Connect on the loopback interface: what a code is exchanged for at each."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, TEAM, KID = "bulwark", "TEAM123456", "KEY1234567"
SECRET = "a secret that both of them know, 256 bits"  # pragma: allowlist secret
GOOGLE, APPLE = "https://accounts.google.com", "https://appleid.apple.com"
OWN, OTHER = (rsa.generate_private_key(65537, 2048) for _ in range(2))
_CERTIFICATE = ec.generate_private_key(ec.SECP256R1())
CURVED, LARGER = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())


class PublicSecret(bytes):
    """A public key that is passed off as a secret; PyJWT would sign nothing with one."""


def in_pem(key: Any) -> PublicSecret:
    """Return a public key as the secret of HS256: whoever takes the algorithm from the token verifies with it."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return PublicSecret(key.public_key().public_bytes(serialization.Encoding.PEM, spki))


class Fakes(ThreadingHTTPServer):
    """All of them; `says` is what they say of whoever signs in next, `asked` is what they were sent for it.

    :ivar nonce: what the browser has brought.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.says: dict[str, Any] = {}
        self.asked: dict[str, str] = {}
        self.nonce = ""

    @property
    def issuer(self) -> str:
        """The provider of OpenID Connect."""
        return f"{self.url}/openid"


def providers() -> list[dict[str, Any]]:
    """Return what SOCIAL_PROVIDERS holds for them."""
    pem = _CERTIFICATE.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    one = {"client_id": CLIENT, "secret": SECRET}
    apple = {"client_id": CLIENT, "secret": KID, "key": TEAM, "settings": {"certificate_key": pem}}
    google = {"provider": "google", **one, "trusted_domains": ["corp.example", "gmail.com"]}
    corp = {"provider": "openid_connect", **one, "provider_id": "corp", "server_url": "http://127.0.0.1"}
    return [google, {"provider": "github", **one}, {"provider": "apple", **apple}, corp]


@contextmanager
def listening() -> Iterator[Fakes]:
    """Let allauth, which must be set up, find them at this process."""
    from allauth.socialaccount.providers.apple.views import AppleOAuth2Adapter
    from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
    from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter

    from accounts.social.providers import configured

    with Fakes() as fakes:
        GoogleOAuth2Adapter.access_token_url = f"{fakes.url}/google/token"
        GoogleOAuth2Adapter.identity_url = f"{fakes.url}/google/userinfo"
        GitHubOAuth2Adapter.access_token_url = f"{fakes.url}/github/token"
        GitHubOAuth2Adapter.profile_url = f"{fakes.url}/github/user"
        GitHubOAuth2Adapter.emails_url = f"{fakes.url}/github/user/emails"
        AppleOAuth2Adapter.access_token_url = f"{fakes.url}/apple/token"
        AppleOAuth2Adapter.public_key_url = f"{fakes.url}/apple/keys"
        (corp,) = configured()["openid_connect"]["APPS"]
        corp["settings"]["server_url"] = fakes.issuer
        threading.Thread(target=fakes.serve_forever, daemon=True).start()
        yield fakes
        fakes.shutdown()


def jwk(key: Any, **members: Any) -> dict[str, Any]:
    """Return a public key as a provider publishes it."""
    kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
    return {**kind.to_jwk(key.public_key(), as_dict=True), "kid": "one", **members}


def id_token(issuer: str, claims: dict[str, Any], key: Any = OWN, alg: str = "RS256") -> str:
    """Return what a provider signs of somebody; a claim that is None is left out."""
    now = int(time.time())
    whole = {"iss": issuer, "aud": CLIENT, "iat": now, "exp": now + 600, **claims}
    said = {name: value for name, value in whole.items() if value is not None}
    if not isinstance(key, PublicSecret):
        return jwt.encode(said, key, algorithm=alg, headers={"kid": "one"})
    parts = ({"alg": alg, "kid": "one"}, said)
    text = ".".join(jwt.utils.base64url_encode(json.dumps(each).encode()).decode() for each in parts)
    return f"{text}.{jwt.utils.base64url_encode(hmac.digest(key, text.encode(), 'sha256')).decode()}"


#: The metadata of OpenID Connect Discovery that are asked for.
_ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "jwks_uri": "keys",
    "token_endpoint": "token",
    "userinfo_endpoint": "userinfo",
}


class _Handler(BaseHTTPRequestHandler):
    server: Fakes

    def do_GET(self) -> None:
        says, issuer = self.server.says, self.server.issuer
        if self.path == "/openid/.well-known/openid-configuration":
            self._answer(200, {"issuer": issuer, **{name: f"{issuer}/{path}" for name, path in _ENDPOINTS.items()}})
        elif self.path == "/openid/userinfo":
            self._answer(200, {**says["claims"], **says.get("userinfo", {})})
        elif self.path in {"/apple/keys", "/openid/keys"}:
            self._answer(200, {"keys": says.get("keys", [jwk(OWN, alg="RS256")])})
        elif self.path == "/google/userinfo":
            self._answer(200, {**says["claims"], "id": says["claims"]["sub"], "verified_email": True})
        elif self.headers["Authorization"] != "token at":
            self._answer(401, {"message": "Bad credentials"})
        elif self.path == "/github/user":
            self._answer(200, says["user"])
        else:
            self._answer(*((200, says["emails"]) if "emails" in says else (404, {"message": "Not Found"})))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = self.server.asked = {name: values[0] for name, values in parse_qs(body).items()}
        says, kind = self.server.says, self.path.split("/")[1]
        if kind == "github":  # which answers with a form, and with 200 to what is wrong
            is_right = asked["client_secret"] == SECRET and "code" in asked
            right, wrong = {"access_token": "at", "token_type": "bearer"}, {"error": "bad_verification_code"}
            self._answer(200, right if is_right and "error" not in says else wrong, is_form=True)
            return
        if kind == "apple":
            _check_client(asked["client_secret"])
        own = {"google": GOOGLE, "apple": APPLE, "openid": self.server.issuer}[kind]
        claims = {"nonce": self.server.nonce, **says["claims"]}
        token = id_token(says.get("iss", own), claims, says.get("key", OWN), says.get("alg", "RS256"))
        answer = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "id_token": token}
        self._answer(200, {name: value for name, value in answer.items() if name not in says.get("without", ())})

    def _answer(self, status: int, body: Any, *, is_form: bool = False) -> None:
        content = (urlencode(body) if is_form else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-www-form-urlencoded" if is_form else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _check_client(secret: str) -> None:
    """Check the secret that Apple's clients make themselves: a JWT signed with the key of the team."""
    claims = jwt.decode(secret, _CERTIFICATE.public_key(), algorithms=["ES256"], audience=APPLE, issuer=TEAM)
    assert claims["sub"] == CLIENT
    header = json.loads(base64.urlsafe_b64decode(secret.split(".", maxsplit=1)[0] + "=="))
    assert header["kid"] == KID
