"""A client that keeps tokens as a real one does."""

import json
from typing import Any, cast

from django.http import HttpResponse
from django.test import Client

PASSWORD = "correct horse battery staple"  # pragma: allowlist secret
ROOT = "/api/v1/auth/"


class Browser:
    """Sends JSON, remembers the access token, keeps the refresh token where the transport says."""

    def __init__(self, client: Client | None = None) -> None:
        self.client = client or Client()
        self.access = ""
        self.refresh_token = ""

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """Send a request below the auth routes, or to any path that starts with a slash."""
        if self.access and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.access}"
        response = self.client.generic(
            method,
            path if path.startswith("/") else ROOT + path,
            "" if body is None else _json(body),
            content_type="application/json",
            headers={name: value for name, value in headers.items() if value},
            secure=True,
        )
        return cast("HttpResponse", response)

    def log_in(self, email: str, *, password: str = PASSWORD, transport: str = "body") -> HttpResponse:
        response = self.send("POST", "login", {"email": email, "password": password, "transport": transport})
        self._take(response)
        return response

    def refresh(self, token: str | None = None, **headers: str) -> HttpResponse:
        """Refresh with a token in the body; without one as a page does, by cookie."""
        token = self.refresh_token if token is None else token
        body = {"refresh": token} if token else {}
        if not token:
            headers = {"X-CSRF-Token": self.csrf, "Origin": "https://testserver", **headers}
        response = self.send("POST", "refresh", body, Authorization="", **headers)
        self._take(response)
        return response

    def reauthenticate(self, **shown: Any) -> HttpResponse:
        """Show the credentials again, and keep the access token of the answer."""
        response = self.send("POST", "reauthenticate", shown)
        if response.status_code == 200:
            self.access = read(response)["access"]
        return response

    @property
    def csrf(self) -> str:
        """The readable cookie's value."""
        cookie = self.client.cookies.get("__Host-refresh_csrf")
        return cookie.value if cookie else ""

    def _take(self, response: HttpResponse) -> None:
        if response.status_code == 200:
            body = read(response)
            self.access = body["access"]
            self.refresh_token = body.get("refresh", "")


def read(response: HttpResponse) -> Any:
    """Return the JSON of an answer."""

    return json.loads(response.content)


def _json(body: Any) -> str:

    return json.dumps(body)
