"""What the log sends over HTTP goes where the settings say, encrypted and signed, and nowhere else."""

from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from auditlog import posting
from tests.auditlog.alerts_receiver import receiver

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


def test_a_signature_is_that_of_standard_webhooks() -> None:
    body, now = b'{"a": 1}', datetime.now(UTC)
    headers = posting.signed(posting.key_of(SECRET), "msg_1", now, body)

    assert Webhook(SECRET).verify(body, headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    assert "webhook-signature" not in posting.signed(b"", "msg_1", now, body)
