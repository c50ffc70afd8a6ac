"""simplejwt's names: what its own tests ask of views, serializers, tokens and authentication, where it fits here.

Left out on purpose: sliding tokens, tokens without a session or a user, claims written onto a refresh token, and a
refresh that does not rotate. Input errors are 422 problems here, 400 there.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken as TheirAccessToken

from accounts.authentication import JWTAuthentication
from accounts.models import TokenFamily, User
from accounts.simplejwt.serializers import (
    TokenBlacklistSerializer,
    TokenObtainPairSerializer,
    TokenObtainSerializer,
    TokenRefreshSerializer,
    TokenVerifySerializer,
)
from accounts.simplejwt.tokens import AccessToken, RefreshToken, UntypedToken
from tests.accounts.browser import PASSWORD, Browser, read
from tests.accounts.conftest import Sent

pytestmark = pytest.mark.urls("tests.accounts.simplejwt_urls")
CREDENTIALS = {"email": "alice@example.com", "password": PASSWORD}


@pytest.fixture
def pair(alice: User, browser: Browser) -> dict[str, str]:
    response = browser.send("POST", "/api/token/", CREDENTIALS)
    assert response.status_code == 200, response.content
    found: dict[str, str] = read(response)
    return found


def post(path: str, body: dict[str, Any]) -> tuple[int, Any]:
    response = Browser().send("POST", f"/api/token/{path}", body)
    return response.status_code, read(response)


def test_obtaining_a_pair(pair: dict[str, str], sent: list[Sent]) -> None:
    assert set(pair) == {"access", "refresh"}
    family = TokenFamily.objects.get()
    assert (family.transport, family.ip) == ("body", "127.0.0.1")  # the request is known
    assert Browser().send("GET", "me", Authorization=f"Bearer {pair['access']}").status_code == 200


@pytest.mark.parametrize("missing", ["email", "password", "both"])
def test_missing_fields(missing: str, alice: User) -> None:
    body = {} if missing == "both" else {name: value for name, value in CREDENTIALS.items() if name != missing}
    status, problem = post("", body)
    assert status == 422
    expected = {"/email", "/password"} if missing == "both" else {f"/{missing}"}
    assert {error["pointer"] for error in problem["errors"]} == expected


@pytest.mark.parametrize("case", ["wrong", "inactive", "unknown"])
def test_credentials_that_do_not_fit(case: str, alice: User, sent: list[Sent]) -> None:
    if case == "inactive":
        User.objects.update(is_active=False)
    body = {
        "email": "nobody@example.com" if case == "unknown" else "alice@example.com",
        "password": "wrong password" if case == "wrong" else PASSWORD,
    }
    status, problem = post("", body)
    assert (status, problem["code"]) == (401, "no_active_account")
    assert "detail" in problem
    assert [each.name for each in sent] == ["login_failed"]


def test_the_login_of_this_door_is_limited_too(alice: User) -> None:
    statuses = [post("", {**CREDENTIALS, "password": "guess"})[0] for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_this_door_spends_from_the_budget_of_all(alice: User, settings: Settings) -> None:
    settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "GUESSES_PER_ACCOUNT": 2}
    assert [post("", {**CREDENTIALS, "password": "guess"})[0] for _ in range(3)] == [401, 401, 429]
    assert post("", CREDENTIALS)[0] == 429


def test_refreshing(pair: dict[str, str]) -> None:
    status, body = post("refresh/", {"refresh": pair["refresh"]})
    assert status == 200
    assert set(body) == {"access", "refresh"}
    assert body["refresh"] != pair["refresh"]
    assert AccessToken(body["access"])["sid"] == AccessToken(pair["access"])["sid"]
    assert post("refresh/", {})[0] == 422


def test_a_refresh_token_used_twice_ends_the_session_here_too(pair: dict[str, str]) -> None:
    body = post("refresh/", {"refresh": pair["refresh"]})[1]
    with time_machine.travel(timezone.now().timestamp() + 60, tick=False):
        status, problem = post("refresh/", {"refresh": pair["refresh"]})
        assert (status, problem["code"]) == (401, "token_not_valid")
        assert post("refresh/", {"refresh": body["refresh"]})[0] == 401


@pytest.mark.parametrize("path", ["refresh/", "blacklist/", "verify/"])
@pytest.mark.parametrize("kind", ["rubbish", "expired", "theirs"])
def test_an_invalid_token_is_token_not_valid(path: str, kind: str, pair: dict[str, str]) -> None:
    token = {"rubbish": "a.b.c", "expired": pair["refresh"], "theirs": str(TheirAccessToken())}[kind]
    body = {"token" if path == "verify/" else "refresh": token}
    late = timezone.now().timestamp() + (8 * 86_400 if kind == "expired" else 0)
    with time_machine.travel(late, tick=False):
        status, problem = post(path, body)
    assert (status, problem["code"]) == (401, "token_not_valid")


def test_verifying_ignores_the_kind_of_token(pair: dict[str, str]) -> None:
    for token in pair.values():
        assert post("verify/", {"token": token}) == (200, {})
    assert post("verify/", {})[0] == 422


def test_blacklisting_ends_the_session(pair: dict[str, str]) -> None:
    assert post("blacklist/", {"refresh": pair["refresh"]}) == (200, {})
    assert post("refresh/", {"refresh": pair["refresh"]})[0] == 401
    assert post("verify/", {"token": pair["refresh"]})[0] == 401
    assert post("blacklist/", {"refresh": pair["refresh"]})[0] == 401
    assert Browser().send("GET", "me", Authorization=f"Bearer {pair['access']}").status_code == 401


def test_tokens_for_a_user(alice: User) -> None:
    refresh = RefreshToken.for_user(alice)
    assert TokenFamily.objects.get() == refresh.family
    access = refresh.access_token
    assert isinstance(access, AccessToken)
    assert (access["sub"], access.get("nothing"), "exp" in access) == (str(alice.pk), None, True)
    assert AccessToken(str(access)).payload == access.payload
    again = RefreshToken(str(refresh))
    assert (again["sid"], again.get("gen"), "jti" in again) == (str(refresh.family.pk), 1, True)
    assert again.payload == refresh.payload
    assert str(refresh) not in repr(refresh)


def test_a_token_says_when_it_cannot_do_what_simplejwts_could(alice: User) -> None:
    refresh = RefreshToken.for_user(alice)
    with pytest.raises(TypeError, match="CLAIMS"):
        refresh["role"] = "admin"
    with pytest.raises(TokenError, match="session"):
        AccessToken.for_user(alice)
    with pytest.raises(TokenError):
        AccessToken()
    with pytest.raises(TokenError):
        AccessToken(str(refresh.access_token), verify=False)


def test_an_access_token_is_never_read_or_signed_by_simplejwts_backend(alice: User, settings: Settings) -> None:
    """Its backend takes HS256 under SECRET_KEY: another key, another algorithm."""
    theirs = TheirAccessToken()
    theirs["sub"] = str(alice.pk)
    with pytest.raises(TokenError):
        AccessToken(str(theirs))
    with pytest.raises(TokenError, match="never"):
        RefreshToken.for_user(alice).access_token.get_token_backend()


def test_the_life_of_a_token_object(alice: User, sent: list[Sent]) -> None:
    refresh = RefreshToken.for_user(alice)
    following = refresh.rotate()
    assert following["gen"] == 2
    following.check_blacklist()
    sent.clear()
    assert following.blacklist() == (following.family, True)
    assert following.blacklist() == (following.family, False)
    assert [(each.name, each.target) for each in sent] == [("logged_out", following.family)]
    for act in (lambda: RefreshToken(str(following)), following.rotate, lambda: UntypedToken(str(following))):
        with pytest.raises(TokenError):
            act()


@pytest.mark.parametrize("token", ["", "a", "a.b.c", b"a.b.c", "é"])
def test_texts_that_are_no_tokens(token: str | bytes, db: None) -> None:
    for kind in (AccessToken, RefreshToken, UntypedToken):
        with pytest.raises(TokenError):
            kind(token)


def test_serializers_by_themselves(alice: User) -> None:
    for data, missing in (({}, {"email", "password"}), ({"email": "x"}, {"password"}), ({"password": "x"}, {"email"})):
        serializer = TokenObtainSerializer(data=data)
        assert not serializer.is_valid()
        assert set(serializer.errors) == missing
    with pytest.raises(AuthenticationFailed):
        TokenObtainPairSerializer(data={**CREDENTIALS, "password": "wrong"}).is_valid()
    obtained = TokenObtainPairSerializer(data=CREDENTIALS)
    assert obtained.is_valid()
    refresh = obtained.validated_data["refresh"]
    assert TokenVerifySerializer(data={"token": refresh}).is_valid()
    refreshed = TokenRefreshSerializer(data={"refresh": refresh})
    assert refreshed.is_valid()
    assert TokenBlacklistSerializer(data={"refresh": refreshed.validated_data["refresh"]}).is_valid()
    with pytest.raises(TokenError):
        TokenRefreshSerializer(data={"refresh": refreshed.validated_data["refresh"]}).is_valid()


def test_a_projects_own_get_token_is_called(alice: User, rf: RequestFactory) -> None:
    class Noticing(TokenObtainPairSerializer):
        noticed: list[Any] = []

        @classmethod
        def get_token(cls, user: Any) -> RefreshToken:
            cls.noticed.append(user)
            return super().get_token(user)

    serializer = Noticing(data=CREDENTIALS, context={"request": rf.post("/", headers={"User-Agent": "curl/8.5.0"})})
    assert serializer.is_valid()
    assert Noticing.noticed == [alice]
    assert TokenFamily.objects.get().label == "curl"


def test_authentication_in_its_steps(alice: User, rf: RequestFactory) -> None:
    backend, token = JWTAuthentication(), str(RefreshToken.for_user(alice).access_token)
    header = f"Bearer {token}".encode()
    assert backend.get_header(rf.get("/")) is None
    assert backend.get_header(rf.get("/", headers={"Authorization": f"Bearer {token}"})) == header
    assert backend.get_raw_token(b"JWT abc") is None
    for malformed in (b"Bearer", b"Bearer one two"):
        with pytest.raises(AuthenticationFailed):
            backend.get_raw_token(malformed)
    assert backend.get_raw_token(header) == token.encode()
    with pytest.raises(AuthenticationFailed):
        backend.get_validated_token(b"a.b.c")
    validated = backend.get_validated_token(token.encode())
    assert backend.get_user(validated) == alice
    assert validated.family == TokenFamily.objects.get()
    User.objects.update(is_active=False)
    with pytest.raises(AuthenticationFailed):
        backend.get_user(validated)
    User.objects.all().delete()
    with pytest.raises(AuthenticationFailed):
        backend.get_user(validated)


@pytest.fixture(autouse=True)
def no_sessions_left_behind() -> Iterator[None]:
    """A request that a serializer carries must not stay in the thread."""
    from accounts.simplejwt.tokens import current_request

    yield
    assert current_request.get() is None
