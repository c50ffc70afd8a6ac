"""MDN's HTTP Observatory, its rules for headers and cookies as a table: what our answers would score.

Bonuses count where nothing was deducted below 90. Helmet's defaults score 120.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

SESSION_COOKIES = ("session", "sessionid")


@pytest.fixture(autouse=True)
def _as_in_production(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


@dataclass
class Scan:
    """One answer over HTTPS, and the one to plain HTTP at the same host's start page."""

    answer: Any
    redirect: Any

    def header(self, name: str) -> str:
        return str(self.answer.headers.get(name, "")).lower()

    @property
    def policy(self) -> dict[str, set[str]]:
        parts = [part.split() for part in self.header("Content-Security-Policy").split(";") if part.split()]
        return {words[0]: set(words[1:]) for words in parts}

    def csp(self) -> int:
        if not self.policy:
            return -25
        default = self.policy.get("default-src", {"*"})
        sources = [self.policy.get(name, default) for name in ("script-src", "object-src")]
        loose = {"'unsafe-inline'", "data:", "https:", "http:", "*"}
        if any(loose & words for words in sources):
            return -20
        everything = set().union(*self.policy.values())
        if "'unsafe-eval'" in everything or "http:" in everything:
            return -10
        if loose - {"data:"} & self.policy.get("style-src", set()):
            return 0
        is_closed = self.policy.get("form-action", {"*"}) <= {"'none'", "'self'"}
        return 10 if default == {"'none'"} and is_closed else 5

    def cookies(self) -> int:
        cookies = self.answer.cookies.values()
        if not cookies:
            return 0
        if not all(cookie["secure"] for cookie in cookies):
            return -20
        if not all(cookie["httponly"] for cookie in cookies if cookie.key in SESSION_COOKIES):
            return -30
        return 5 if all(cookie["samesite"] in {"Lax", "Strict"} for cookie in cookies) else 0

    def cors(self) -> int:
        reflects = self.answer.headers.get("Access-Control-Allow-Origin") == "https://evil.example"
        return -50 if reflects and "Access-Control-Allow-Credentials" in self.answer.headers else 0

    def redirection(self) -> int:
        location = str(self.redirect.headers.get("Location", ""))
        return 0 if self.redirect.status_code in {301, 308} and location.startswith("https://testserver/") else -20

    def referrer(self) -> int:
        private = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
        value = self.header("Referrer-Policy")
        return 5 if value in private else -5 if value else 0

    def hsts(self) -> int:
        value = self.header("Strict-Transport-Security")
        seconds = value.partition("max-age=")[2].partition(";")[0]
        return -20 if not seconds.isdigit() else 0 if int(seconds) >= 15_768_000 else -10

    def sniffing(self) -> int:
        return 0 if self.header("X-Content-Type-Options") == "nosniff" else -5

    def framing(self) -> int:
        if "frame-ancestors" in self.policy:
            return 5
        return 0 if self.header("X-Frame-Options") in {"deny", "sameorigin"} else -20

    def resource_policy(self) -> int:
        return {"same-origin": 10, "same-site": 10, "cross-origin": 0, "": 0}.get(
            self.header("Cross-Origin-Resource-Policy"), -5
        )

    def score(self) -> int:
        rules = (
            self.csp, self.cookies, self.cors, self.redirection, self.referrer, self.hsts, self.sniffing, self.framing,
            self.resource_policy,
        )  # fmt: skip
        modifiers = [rule() for rule in rules]
        deducted = 100 + sum(modifier for modifier in modifiers if modifier < 0)
        return deducted + sum(modifier for modifier in modifiers if modifier > 0) if deducted >= 90 else deducted


def scan(client: Client, path: str) -> Scan:
    headers = {"origin": "https://evil.example", "accept": "text/html,*/*;q=0.8"}
    return Scan(client.get(path, headers=headers, secure=True), client.get("/"))


@pytest.mark.parametrize(
    ("path", "least"),
    [
        ("/api/v1/categories/", 130),
        ("/api/v1/articles/", 130),
        ("/api/v1/nothing", 130),
        ("/account/login", 135),
        ("/", 130),
        ("/nothing", 130),
    ],
)
def test_what_we_answer_scores(client: Client, path: str, least: int) -> None:
    assert scan(client, path).score() >= least


@pytest.mark.parametrize(
    ("middleware", "path", "most"),
    [
        ("edge.headers.HeadersMiddleware", "/api/v1/categories/", 125),
        ("csp.middleware.CSPMiddleware", "/account/login", 115),
        ("django.middleware.security.SecurityMiddleware", "/account/login", 80),
    ],
)
def test_without_its_middleware_the_score_drops(
    client: Client, settings: Settings, middleware: str, path: str, most: int
) -> None:
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if each != middleware]
    assert scan(client, path).score() <= most
