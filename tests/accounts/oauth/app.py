"""An app that logs its user in with a code, and the browser that it sends the user through."""

import hashlib
import html
import re
import secrets
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client

from accounts import jose
from accounts.models import OAuthClient
from tests.accounts.browser import PASSWORD, Browser, read

APP = "app"
REDIRECT = "https://app.example.org/callback"
NATIVE = "http://127.0.0.1/callback"
AUTHORIZE, TOKEN, REVOKE = "/oauth/authorize", "/oauth/token", "/oauth/revoke"
FORM = "application/x-www-form-urlencoded"


def register(client_id: str, *uris: str, **fields: Any) -> OAuthClient:
    """Register an app."""
    return OAuthClient.objects.create(
        client_id=client_id, name=client_id.title(), redirect_uris="\n".join(uris or (REDIRECT, NATIVE)), **fields
    )


def answer_of(response: HttpResponse) -> tuple[str, dict[str, str]]:
    """Return where a redirect or a page leads by itself, without its query, and the query."""
    if response.status_code == 200:  # the page that sends a browser on after a login
        match = re.search(rb'http-equiv="refresh" content="0; url=([^"]*)"', response.content)
        assert match, response.content
        location = html.unescape(match[1].decode())
    else:
        assert response.status_code == 302, response.content
        location = response.headers["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    return location.partition("?")[0], query


class App:
    """Sends its user to the server and collects the code."""

    def __init__(self, client: OAuthClient) -> None:
        self.client_id = client.client_id
        self.browser = Client()
        self.back = Client()
        self.verifier = secrets.token_urlsafe(48)

    @property
    def challenge(self) -> str:
        return jose.encode_segment(hashlib.sha256(self.verifier.encode()).digest())

    def log_in(self, email: str, url: str = "/account/login") -> HttpResponse:
        """Log the browser in on the login page."""
        form = {"identifier": email, "password": PASSWORD}
        response = self.browser.post(url, form, secure=True)
        assert response.status_code == 302, response.content
        return cast("HttpResponse", response)

    def asks(self, **changes: str | None) -> str:
        """Return the address of the request for a code; None leaves a parameter out."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "state": "st/at e+1",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{AUTHORIZE}?{urlencode({name: value for name, value in parameters.items() if value is not None})}"

    def authorize(self, **changes: str | None) -> HttpResponse:
        """Send the browser to the server."""
        return cast("HttpResponse", self.browser.get(self.asks(**changes), secure=True))

    def visit(self, url: str, **headers: str) -> HttpResponse:
        """Open an address with the browser."""
        return cast("HttpResponse", self.browser.get(url, secure=True, headers=headers))

    def metadata(self) -> dict[str, Any]:
        """Return what the server says of itself."""
        found: dict[str, Any] = self.back.get("/.well-known/oauth-authorization-server", secure=True).json()
        return found

    def code(self, **changes: str | None) -> str:
        """Return a code."""
        return answer_of(self.authorize(**changes))[1]["code"]

    def post(self, url: str, headers: dict[str, str] | None = None, /, **form: str | None) -> HttpResponse:
        """Send a form from the app itself, without the browser's cookies."""
        body = urlencode({name: value for name, value in form.items() if value is not None})
        response = self.back.post(url, body, content_type=FORM, secure=True, headers=headers or {})
        return cast("HttpResponse", response)

    def exchange(self, code: str, headers: dict[str, str] | None = None, **changes: str | None) -> HttpResponse:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "client_id": self.client_id,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
            **changes,
        }
        return self.post(TOKEN, headers, **form)

    def refresh(self, token: str, headers: dict[str, str] | None = None, **changes: str | None) -> HttpResponse:
        """Exchange a refresh token."""
        form = {"grant_type": "refresh_token", "client_id": self.client_id, "refresh_token": token, **changes}
        return self.post(TOKEN, headers, **form)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Go the whole way and return the tokens."""
        response = self.exchange(self.code(**changes))
        assert response.status_code == 200, response.content
        tokens: dict[str, Any] = read(response)
        return tokens


def opens(access: str) -> int:
    """Return the status that an access token gets at the API."""
    browser = Browser()
    browser.access = access
    return browser.send("GET", "me").status_code
