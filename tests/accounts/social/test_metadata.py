"""A provider does not pass for another one by its metadata."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from accounts.social.metadata import IssuerMistaken, check_issuer

PATH = "/.well-known/openid-configuration"


@contextmanager
def provider(metadata: Any) -> Iterator[str]:
    """Serve metadata, in which `HERE` stands for the address, and the same by a redirect."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://{self.headers['Host']}"
            self.send_response(302 if self.path.startswith("/moved") else 200)
            self.send_header("Location", f"{here}{PATH}")
            self.end_headers()
            self.wfile.write(json.dumps(metadata).replace("HERE", here).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def ask(url: str) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        session.hooks["response"].append(check_issuer)
        return session.get(url, timeout=5).json()


@pytest.mark.parametrize("issuer", ["HERE", "HERE/"])
def test_its_own_are_taken(issuer: str) -> None:
    with provider({"issuer": issuer}) as url:
        assert ask(f"{url}{PATH}") == {"issuer": issuer.replace("HERE", url)}


@pytest.mark.parametrize(
    "metadata", [{"issuer": "https://honest.example"}, {"issuer": "HERE/other"}, {"issuer": 7}, {}, ["HERE"]]
)
def test_those_of_another_issuer_are_refused(metadata: Any) -> None:
    """The attacker's provider says that it is the honest one (RFC 9207, section 1: mix-up)."""
    with provider(metadata) as url, pytest.raises(IssuerMistaken):
        ask(f"{url}{PATH}")


def test_nobody_is_sent_elsewhere_for_them() -> None:
    with provider({"issuer": "HERE"}) as url, pytest.raises(IssuerMistaken):
        ask(f"{url}/moved{PATH}")


def test_other_answers_are_none_of_its_business() -> None:
    with provider({"keys": []}) as url:
        assert ask(f"{url}/jwks") == {"keys": []}
