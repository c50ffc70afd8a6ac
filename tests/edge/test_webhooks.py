"""Webhooks are signed so that others can verify them, and go nowhere inside."""

import http.server
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import time_machine
from asgiref.sync import async_to_sync

from edge import signals
from edge.outbound import OutboundFailed, OutboundPolicy, OutboundRefused
from edge.webhooks import POLICY, Webhook, WebhookGone, asend, new_secret, new_webhook, send, signed_headers
from tests.edge.outbound.servers import Behave, Server, answer, certificate, serving
from tests.edge.types import Listen

RECEIVED = list[tuple[dict[str, str], bytes]]


def receiving(received: RECEIVED, status: int = 204, **headers: str) -> Behave:
    def behave(handler: http.server.BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        received.append((dict(handler.headers), body))
        answer(b"", status=status, **headers)(handler)

    return behave


@pytest.fixture
def received() -> RECEIVED:
    return []


@pytest.fixture
def receiver(received: RECEIVED, tmp_path: Path) -> Iterator[tuple[Server, OutboundPolicy]]:
    context, trusted = certificate(tmp_path, "hooks.example.org")
    with serving(receiving(received), tls=context) as server:
        yield server, allowing(server, ca_file=trusted)


def allowing(server: Server, **more: Any) -> OutboundPolicy:
    """Stand for a receiver outside."""
    loopback = {"ports": (server.port,), "internal": ("127.0.0.1/32",), "resolver": lambda host, port: ["127.0.0.1"]}
    return replace(POLICY, **{**loopback, **more})


def sync_send(*args: Any, **kwargs: Any) -> Any:
    return send(*args, **kwargs)


@pytest.mark.parametrize("how", [sync_send, async_to_sync(asend)])
def test_another_library_verifies_what_arrives(
    receiver: tuple[Server, OutboundPolicy], received: RECEIVED, heard: Listen, how: Any
) -> None:
    server, policy = receiver
    fetched = heard(signals.outbound_fetched)
    secret, webhook = new_secret(), new_webhook("article.published", {"id": "1", "title": "Grüße"})
    assert how(f"https://hooks.example.org:{server.port}/in", webhook, signing=[secret], policy=policy).status == 204
    ((headers, body),) = received
    message = standardwebhooks.Webhook(secret).verify(body, headers)
    assert (message["type"], message["data"]["title"]) == ("article.published", "Grüße")
    assert headers["Webhook-Id"] == webhook.id
    assert len(fetched) == 1


def test_a_message_that_was_changed_does_not_verify() -> None:
    secret, webhook = new_secret(), new_webhook("a.b", {"amount": 1})
    headers = signed_headers(webhook, [secret], now=datetime.now(UTC))
    library = standardwebhooks.Webhook(secret)
    library.verify(webhook.body, headers)
    for changed in (
        (webhook.body.replace(b"1", b"2", 1), headers),
        (webhook.body, {**headers, "Webhook-Id": "msg_other"}),
        (webhook.body, {**headers, "Webhook-Timestamp": str(int(headers["Webhook-Timestamp"]) + 1)}),
    ):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            library.verify(*changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(new_secret()).verify(webhook.body, headers)


def test_a_message_that_is_sent_again_is_signed_anew() -> None:
    """The same message with the time of the attempt: a receiver refuses old ones, which could be replayed."""
    secret = new_secret()
    webhook = Webhook("a.b", {}, "msg_1", datetime(2026, 1, 1, tzinfo=UTC))
    later = datetime(2026, 1, 2, tzinfo=UTC)
    with time_machine.travel(later):
        standardwebhooks.Webhook(secret).verify(webhook.body, signed_headers(webhook, [secret], now=later))
        old = signed_headers(webhook, [secret], now=later - timedelta(minutes=6))
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(secret).verify(webhook.body, old)


def test_while_a_secret_is_replaced_both_verify() -> None:
    old, new, webhook = new_secret(), new_secret(), new_webhook("a.b", {})
    headers = signed_headers(webhook, [new, old], now=datetime.now(UTC))
    for secret in (old, new):
        assert standardwebhooks.Webhook(secret).verify(webhook.body, headers)["type"] == "a.b"


def test_it_agrees_with_the_standard_s_own_example() -> None:
    """Signed alike by the standard's library, byte for byte."""
    secret, webhook = new_secret(), Webhook("a.b", {"x": [1, None]}, "msg_p5jXN8AQM9LWM0D4loKWxJek", datetime.now(UTC))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    theirs = standardwebhooks.Webhook(secret).sign(webhook.id, now, webhook.body.decode())
    assert signed_headers(webhook, [secret], now=now)["Webhook-Signature"] == theirs


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:{port}/",
        "http://hooks.example.org:{port}/",
        "https://localhost:{port}/",
        "https://[::1]:{port}/",
        "https://169.254.169.254/",
    ],
)
def test_a_webhook_does_not_reach_inside(received: RECEIVED, url: str) -> None:
    with serving(receiving(received)) as server:
        policy = replace(POLICY, ports=(443, server.port))
        with pytest.raises(OutboundRefused):
            send(url.format(port=server.port), new_webhook("a.b", {}), signing=[new_secret()], policy=policy)
        assert server.connections == 0


def test_without_the_control_it_would(received: RECEIVED) -> None:
    with serving(receiving(received)) as server:
        url, policy = f"http://127.0.0.1:{server.port}/", allowing(server, schemes=("http",))
        send(url, new_webhook("a.b", {}), signing=[new_secret()], policy=policy)
    assert len(received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 429, 500, 503])
def test_what_is_no_success_fails_and_is_not_followed(received: RECEIVED, status: int) -> None:
    with serving(receiving(received, status, Location="/elsewhere")) as server:
        url, policy = f"http://hooks.example.org:{server.port}/", allowing(server, schemes=("http",))
        with pytest.raises(OutboundFailed) as caught:
            send(url, new_webhook("a.b", {}), signing=[new_secret()], policy=policy)
    assert caught.value.reason == "status"
    assert len(received) == 1


def test_a_receiver_can_say_that_it_wants_no_more(received: RECEIVED) -> None:
    with serving(receiving(received, 410)) as server:
        url, policy = f"http://hooks.example.org:{server.port}/", allowing(server, schemes=("http",))
        with pytest.raises(WebhookGone):
            send(url, new_webhook("a.b", {}), signing=[new_secret()], policy=policy)


def test_a_secret_without_padding_is_the_same() -> None:
    secret, webhook, now = new_secret(), new_webhook("a.b", {}), datetime.now(UTC)
    assert secret.endswith("=")
    assert signed_headers(webhook, [secret.rstrip("=")], now=now) == signed_headers(webhook, [secret], now=now)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_" + "A" * 16, "no base64!", "whsec_" + "A" * 200])
def test_a_weak_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        signed_headers(new_webhook("a.b", {}), [secret], now=datetime.now(UTC))


def test_without_a_secret_nothing_is_sent() -> None:
    with pytest.raises(ValueError, match="needs a secret"):
        send("https://example.org/", new_webhook("a.b", {}), signing=[])


@pytest.mark.parametrize("message_id", ["", "a.b", "a b", "a\r\nX: y", "é"])
def test_an_id_that_could_be_misread_is_refused(message_id: str) -> None:
    webhook = json.loads(new_webhook("a.b", {}).body)
    with pytest.raises(ValueError, match="no id"):
        signed_headers(Webhook("a.b", webhook, message_id, datetime.now(UTC)), [new_secret()], now=datetime.now(UTC))
