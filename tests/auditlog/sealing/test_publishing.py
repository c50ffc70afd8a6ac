"""Checkpoints reach places outside the database, and what fails is counted and tried again."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from auditlog.models import Publication, Tree
from auditlog.posting import PostRefused
from auditlog.sealing import notes, publishing
from auditlog.sealing.checkpoints import Checkpoint, own_keys
from auditlog.sealing.publishing.bucket import BucketPublisher
from auditlog.sealing.publishing.file import FilePublisher
from auditlog.sealing.publishing.webhook import WebhookPublisher
from auditlog.signals import publication_failed

from .conftest import Seal, store

ROOT = bytes(32)


class Place(BaseHTTPRequestHandler):
    """A server that keeps what it is sent; ``answer`` is the status of the next answers."""

    answer: ClassVar[int] = 200
    objects: ClassVar[dict[str, bytes]] = {}
    headers_seen: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.headers_seen.append({name.lower(): value for name, value in self.headers.items()})
        self._send(self.answer, b"thanks")

    do_PUT = do_POST  # noqa: N815 - the server's names

    def do_GET(self) -> None:
        found = self.objects.get(self.path)
        self._send(200 if found is not None else 404, found or b"")

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def place() -> Iterator[str]:
    Place.answer, Place.objects, Place.headers_seen = 200, {}, []
    server = HTTPServer(("127.0.0.1", 0), Place)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def note_of(key: notes.Signer, tree: int, size: int) -> tuple[Checkpoint, str]:
    checkpoint = Checkpoint(tree, size, ROOT)
    return checkpoint, key.sign(checkpoint.text)


def test_a_file_holds_the_newest_and_another_all_of_a_month(key: notes.Signer, tmp_path: Path) -> None:
    publisher = FilePublisher(tmp_path / "new")
    for tree, size in ((1, 5), (1, 9), (2, 3)):
        publisher.publish(*note_of(key, tree, size))

    assert sorted(Checkpoint.opened(note, own_keys()) for note in publisher.heads()) == [
        Checkpoint(1, 9, ROOT),
        Checkpoint(2, 3, ROOT),
    ]
    (history,) = (tmp_path / "new").glob("1-*.checkpoints")
    assert history.read_text() == f"{note_of(key, 1, 5)[1]}\n{note_of(key, 1, 9)[1]}\n"
    with pytest.raises(publishing.PublicationRefused, match="holds a larger tree"):
        publisher.publish(*note_of(key, 1, 8))


def test_a_note_that_cannot_be_put_in_place_leaves_nothing_behind(
    key: notes.Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError):  # noqa: PT011 - the one above
        FilePublisher(tmp_path).publish(*note_of(key, 1, 5))

    assert [path.suffix for path in tmp_path.iterdir()] == [".checkpoints"]


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe", b"audit.example.com/1\n5\nAAAA\n"])
def test_a_note_that_is_damaged_does_not_hide_the_others(key: notes.Signer, published: Path, damaged: bytes) -> None:
    for tree in (1, 2, 3):
        FilePublisher(published).publish(*note_of(key, tree, 5))
    (published / "2.checkpoint").write_bytes(damaged)
    doubtful: list[str] = []

    assert sorted(found.tree for found in publishing.known(own_keys(), doubtful.append)) == [1, 3]
    assert doubtful == ["disk"]


def test_a_webhook_gets_the_note(key: notes.Signer, place: str) -> None:
    checkpoint, note = note_of(key, 1, 5)

    WebhookPublisher(f"{place}/hook", {"Authorization": "Bearer secret"}).publish(checkpoint, note)

    assert Place.objects == {"/hook": note.encode()}
    assert Place.headers_seen[0]["authorization"] == "Bearer secret"
    for status in (302, 500):
        Place.answer = status
        with pytest.raises(PostRefused, match=f"answered {status}"):
            WebhookPublisher(f"{place}/hook").publish(checkpoint, note)
    assert "/elsewhere" not in Place.objects


def test_a_bucket_holds_the_newest_of_each_tree(key: notes.Signer, place: str) -> None:
    bucket = BucketPublisher(
        f"{place}/audit", region="eu-central-1", access_key="id", secret_key="secret", prefix="log/"
    )
    assert bucket.heads() == []

    for tree, size in ((1, 5), (1, 9), (2, 3)):
        bucket.publish(*note_of(key, tree, size))

    assert sorted(Checkpoint.parse(note).size for note in bucket.heads()) == [3, 9]
    assert "/audit/log/1/00000000000000000005.checkpoint" in Place.objects
    scope = f"id/{datetime.now(UTC):%Y%m%d}/eu-central-1/s3/aws4_request"
    assert f"Credential={scope}" in Place.headers_seen[0]["authorization"]


def test_a_number_that_nobody_signed_keeps_nobody_busy(key: notes.Signer, place: str) -> None:
    """Who can write the bucket, and has no key, says that there are a billion trees."""
    bucket = BucketPublisher(f"{place}/audit", region="x", access_key="id", secret_key="secret")
    Place.objects["/audit/latest.checkpoint"] = note_of(key, 1, 5)[1].replace("/1\n", "/1000000000\n", 1).encode()
    with pytest.raises(notes.SignatureRefused):
        bucket.heads()


def test_the_signature_is_that_of_the_published_example() -> None:
    """From "Signature Calculations for the Authorization Header" of the S3 API reference: PUT Object, GET Object."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"  # pragma: allowlist secret
    url, now = "https://examplebucket.s3.amazonaws.com", datetime(2013, 5, 24, tzinfo=UTC)
    bucket = BucketPublisher(
        url, region="us-east-1", access_key="AKIAIOSFODNN7EXAMPLE", secret_key=secret
    )  # pragma: allowlist secret
    sent = {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}

    put = bucket.signed("PUT", f"{url}/test%24file.text", b"Welcome to Amazon S3.", sent, now)
    get = bucket.signed("GET", f"{url}/test.txt", b"", {"Range": "bytes=0-9"}, now)

    signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    assert put["Authorization"].endswith(f"Signature={signature}")
    signature = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    assert get["Authorization"].endswith(f"Signature={signature}")


@pytest.mark.parametrize("url", ["http://example.com/x", "ftp://example.com", "file:///etc/passwd", ""])
def test_nothing_is_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="over https"):
        WebhookPublisher(url)


@pytest.mark.django_db
@pytest.mark.usefixtures("own_transaction_is_over")
def test_what_fails_is_counted_told_and_tried_again(settings: Settings, place: str, seal: Seal) -> None:
    webhook = {"BACKEND": "auditlog.sealing.publishing.WebhookPublisher", "OPTIONS": {"url": f"{place}/hook"}}
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "PUBLISHERS": {"hook": webhook}}
    told: list[int] = []

    def receive(failures: int, **_: Any) -> None:
        told.append(failures)

    publication_failed.connect(receive)
    store(3)
    Place.answer = 503
    with pytest.raises(CommandError, match="could not be published: hook"):
        call_command("auditlog_seal")
    assert publishing.publish_due("default") == [], "it is not due yet"
    Publication.objects.update(retry_at=timezone.now())
    assert publishing.publish_due("default") == ["hook"]
    publication_failed.disconnect(receive)

    place_now = Publication.objects.get()
    assert told == [1, 2]
    assert (place_now.failures, place_now.failures_total, place_now.size) == (2, 2, 0)
    assert place_now.retry_at > timezone.now()
    assert "answered 503" in place_now.error

    Place.answer = 200
    Publication.objects.update(retry_at=timezone.now())
    assert publishing.publish_due("default") == []
    place_now.refresh_from_db()
    assert (place_now.failures, place_now.failures_total, place_now.size, place_now.error) == (0, 2, 3, "")
    assert Place.objects["/hook"].decode() == Tree.objects.get().note
    Place.objects.clear()
    assert seal().events == 0
    assert Place.objects == {}, "nothing new, nothing sent"


def test_a_forged_note_at_a_place_is_not_believed(settings: Settings, published: Path) -> None:
    forger = notes.new_signer("audit.example.com")
    FilePublisher(published).publish(*note_of(forger, 1, 99))

    assert publishing.known(own_keys()) == []
