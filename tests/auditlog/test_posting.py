"""What the log sends over HTTP goes where the settings say, encrypted and signed, and nowhere else."""

import threading
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from auditlog import posting
from tests.auditlog.alerts_receiver import never_done, receiver

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTI="  # pragma: allowlist secret


@pytest.mark.parametrize("url", ["https://siem.example/x", "http://127.0.0.1:9/", "http://[::1]/", "http://localhost/"])
def test_an_address_is_encrypted_or_of_this_machine(url: str) -> None:
    assert posting.checked_url(url) == url


@pytest.mark.parametrize(
    "url", ["http://siem.example/", "http://127.0.0.1.siem.example/", "ftp://localhost/", "//localhost/", ""]
)
def test_no_other_address_is_taken(url: str) -> None:
    with pytest.raises(ValueError, match="sent over https"):
        posting.checked_url(url)


def test_a_file_is_no_address() -> None:
    with pytest.raises(ValueError, match="no http address"):
        posting.post("file:///etc/passwd", b"", {})


def test_the_status_is_returned_and_other_than_success_refused() -> None:
    with receiver() as there:
        assert posting.post(there.url, b"{}", {}) == 200
        there.status = 503
        assert posting.post(there.url, b"{}", {}) == 503
        with pytest.raises(posting.PostRefused, match="answered 503") as refused:
            posting.deliver(there.url, b"{}", {})
    assert refused.value.status == 503


@pytest.mark.parametrize(
    "begins",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_a_receiver_that_drips_is_left(begins: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "LONGEST_TIME", 0.3)
    with never_done(begins, seconds=5) as url, pytest.raises(TimeoutError, match=r"not over after 0\.3 s"):
        posting.send("POST", url, b"{}", {})


def test_a_handshake_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "LONGEST_TIME", 0.3)
    record = b"\x16\x03\x03\x40\x00"  # of TLS: 16 384 bytes of a handshake will follow
    with never_done(record, seconds=5) as url, pytest.raises(TimeoutError, match=r"not over after 0\.3 s"):
        posting.send("POST", url.replace("http:", "https:"), b"{}", {})


def test_who_answers_in_time_is_watched_no_longer() -> None:
    with receiver() as there:
        assert posting.post(there.url, b"{}", {}) == 200
    watching = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    assert [each for each in watching if not each.finished.is_set()] == []


def test_a_signature_is_that_of_standard_webhooks() -> None:
    body, now = b'{"a": 1}', datetime.now(UTC)
    headers = posting.signed(posting.key_of(SECRET), "msg_1", now, body)

    assert Webhook(SECRET).verify(body, headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    assert "webhook-signature" not in posting.signed(b"", "msg_1", now, body)
