"""Events go out once or more, in order, from where a receiver stood, in the form it reads."""

import base64
import json
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings
from standardwebhooks import Webhook

from auditlog import shipping
from auditlog.checks import check_namesake, check_shipping
from auditlog.metrics import collected
from auditlog.models import Event, Follower
from auditlog.posting import PostRefused
from auditlog.shipping import position, syslog
from auditlog.shipping.receivers import FileReceiver, Receiver, StdoutReceiver
from auditlog.shipping.syslog import SyslogReceiver, message
from auditlog.shipping.webhook import WebhookReceiver
from tests.auditlog.alerts_receiver import never_done
from tests.edge.outbound.servers import certificate

pytestmark = pytest.mark.django_db(transaction=True)
Store = Callable[..., Event]
MEMORY = f"{__name__}.MemoryReceiver"


class MemoryReceiver(Receiver):
    """Keeps what it takes; fails when it is told to."""

    taken: ClassVar[list[list[str]]] = []
    is_away: ClassVar[bool] = False
    most: ClassVar[int] = 1000

    def send(self, events: Sequence[Event]) -> None:
        if MemoryReceiver.is_away:
            raise ConnectionError
        if len(events) > MemoryReceiver.most:
            raise PostRefused(413)
        MemoryReceiver.taken.append([event.reason for event in events])


@pytest.fixture(autouse=True)
def receivers(settings: Settings) -> Iterator[None]:
    MemoryReceiver.taken.clear()
    MemoryReceiver.is_away = False
    described = {"siem": {"BACKEND": MEMORY}, "other": {"BACKEND": MEMORY, "FORMAT": "ecs"}}
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SHIPPING": described}
    yield
    MemoryReceiver.is_away = False


@pytest.fixture
def seven(events: Store, settled: Callable[[], None]) -> list[Event]:
    made = [events(reason=str(number), ts=timezone.now() - timedelta(hours=7 - number)) for number in range(7)]
    settled()
    return made


def test_batch_after_batch_in_order(seven: list[Event]) -> None:
    assert [shipping.ship("siem", "default", 3).count for _ in range(4)] == [3, 3, 1, 0]
    assert MemoryReceiver.taken == [["0", "1", "2"], ["3", "4", "5"], ["6"]]


def test_who_finds_a_batch_too_large_gets_a_smaller_one(seven: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever can fill a few events with a hundred kilobytes each stops nobody's shipping."""
    monkeypatch.setattr(MemoryReceiver, "most", 2)
    counts = []
    while count := shipping.ship("siem", "default").count:
        counts.append(count)
    assert sum(counts) == 7
    assert max(counts) <= 2
    assert [reason for batch in MemoryReceiver.taken for reason in batch] == list("0123456")
    monkeypatch.setattr(MemoryReceiver, "most", 0)
    shipping.replay("siem", seven[0].ts, "default")
    with pytest.raises(PostRefused, match="413"):
        shipping.ship("siem", "default")


def test_each_receiver_has_a_place_of_its_own(seven: list[Event]) -> None:
    shipping.ship("siem", "default", 5)
    shipping.ship("other", "default", 2)
    assert (shipping.lag_of("siem", "default").events, shipping.lag_of("other", "default").events) == (2, 5)


def test_what_was_not_taken_is_sent_again(seven: list[Event]) -> None:
    MemoryReceiver.is_away = True
    with pytest.raises(ConnectionError):
        shipping.ship("siem", "default", 3)
    MemoryReceiver.is_away = False
    shipping.ship("siem", "default", 3)
    assert MemoryReceiver.taken == [["0", "1", "2"]]


def test_two_shippers_at_once_do_not_move_a_place_back(seven: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(self: MemoryReceiver, events: Sequence[Event]) -> None:
        monkeypatch.undo()
        shipping.ship("siem", "default", 7)  # the other one, which is quicker

    monkeypatch.setattr(MemoryReceiver, "send", meanwhile)
    assert not shipping.ship("siem", "default", 2).is_moved
    assert shipping.lag_of("siem", "default").events == 0


def test_replay_begins_with_the_first_event_since(seven: list[Event]) -> None:
    shipping.ship("siem", "default")
    assert shipping.replay("siem", seven[4].ts, "default") == 3
    shipping.ship("siem", "default")
    assert MemoryReceiver.taken[-1] == ["4", "5", "6"]
    assert shipping.replay("siem", timezone.now(), "default") == 0
    assert shipping.ship("siem", "default").count == 0


def test_replay_passes_over_nothing_that_waits(seven: list[Event]) -> None:
    shipping.ship("siem", "default", 2)
    shipping.replay("siem", seven[4].ts, "default")
    shipping.replay("other", seven[4].ts, "default")
    shipping.ship("siem", "default")
    shipping.ship("other", "default")
    assert MemoryReceiver.taken[1:] == [["2", "3", "4", "5", "6"], ["4", "5", "6"]]


def measured() -> set[str]:
    """Return the receivers for which Prometheus is told of events that wait."""
    samples = [sample for family in collected() for sample in family.samples]
    return {
        sample.labels["reader"]
        for sample in samples
        if sample.name == "bulwark_audit_unread_events" and sample.value and "ship:" in sample.labels["reader"]
    }


def test_the_lag_is_counted_and_aged(seven: list[Event]) -> None:
    found = shipping.lag_of("siem", "default")
    assert (found.events, found.age // timedelta(hours=1)) == (7, 7)
    assert measured() == {"ship:siem", "ship:other"}
    shipping.ship("siem", "default")
    assert measured() == {"ship:other"}
    assert shipping.lag_of("siem", "default").age == timedelta(0)


# The command


def test_the_command_sends_everything_to_everybody(seven: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(position.ship, "__defaults__", (3,))
    call_command("auditlog_ship")
    assert sum(len(batch) for batch in MemoryReceiver.taken) == 14
    call_command("auditlog_ship", "siem", replay_since=seven[6].ts.isoformat())
    assert MemoryReceiver.taken[-1] == ["6"]


def test_the_command_says_what_it_could_not_do(seven: list[Event]) -> None:
    MemoryReceiver.is_away = True
    with pytest.raises(CommandError, match="Not all was sent to other, siem"):
        call_command("auditlog_ship")
    with pytest.raises(CommandError, match="no receiver nobody"):
        call_command("auditlog_ship", "nobody")
    with pytest.raises(CommandError, match="is no time"):
        call_command("auditlog_ship", replay_since="yesterday")


def test_without_a_receiver_there_is_nothing_to_ship(settings: Settings) -> None:
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SHIPPING": {}}
    with pytest.raises(CommandError, match="names no receiver"):
        call_command("auditlog_ship")


# The receivers


def test_a_file_keeps_what_it_has_and_survives_its_rotation(seven: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "log"
    FileReceiver(path, "ndjson").send(seven[:2])
    path.rename(tmp_path / "log.1")
    FileReceiver(path, "ndjson").send(seven[2:])
    lines = (tmp_path / "log.1").read_text().splitlines() + path.read_text().splitlines()
    assert [json.loads(line)["reason"] for line in lines] == [str(number) for number in range(7)]
    assert path.stat().st_mode & 0o007 == 0


def test_standard_output_gets_lines(seven: list[Event], capfdbinary: Any) -> None:
    StdoutReceiver("ocsf").send(seven)
    lines = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["class_uid"] for line in lines] == [3002] * 7


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)
        yield listening


def answer(server: socket.socket, *, reads: bool) -> tuple[threading.Thread, list[bytes]]:
    """Take one connection: read it to its end, or close it unread, as the kernel does for a process that is killed."""
    got: list[bytes] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(10)
            while reads and (piece := connection.recv(65_536)):
                got.append(piece)
            if not reads:
                connection.recv(1)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread, got


def test_syslog_messages_are_framed_and_formed(seven: list[Event], server: socket.socket) -> None:
    thread, got = answer(server, reads=True)
    SyslogReceiver("127.0.0.1", server.getsockname()[1], tls=False, format="ndjson").send(seven)
    thread.join()
    rest, found = b"".join(got), []
    while rest:
        length, _, rest = rest.partition(b" ")
        found.append(rest[: int(length)])
        rest = rest[int(length) :]
    form = rb"<(\d+)>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z [!-~]+ bulwark - accounts\.login_failed - (\{.*\})"
    matches = [re.fullmatch(form, each) for each in found]
    assert [json.loads(match[2])["reason"] for match in matches if match] == [str(number) for number in range(7)]
    assert {match[1] for match in matches if match} == {b"108"}  # log audit, warning


def test_syslog_over_tls_goes_to_who_has_the_certificate(
    seven: list[Event], server: socket.socket, tmp_path: Path
) -> None:
    context, trusted = certificate(tmp_path, "localhost")
    got: list[bytes] = []

    def serve() -> None:
        for _ in range(3):
            plain, _address = server.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as secure:
                while piece := secure.recv(65_536):
                    got.append(piece)
                secure.unwrap()  # answers close_notify: all before it is read

    thread = threading.Thread(target=serve)
    thread.start()
    port = server.getsockname()[1]
    with pytest.raises(ssl.SSLCertVerificationError):
        SyslogReceiver("localhost", port).send(seven)  # the system knows no such authority
    with pytest.raises(ssl.SSLCertVerificationError, match=r"127\.0\.0\.1"):
        SyslogReceiver("127.0.0.1", port, ca_file=trusted).send(seven)
    assert not got
    SyslogReceiver("localhost", port, ca_file=trusted).send(seven)
    thread.join()
    assert b"".join(got).count(b" bulwark - accounts.login_failed - ") == 7


def test_a_syslog_server_that_dies_with_unread_messages_has_taken_none(
    seven: list[Event], server: socket.socket
) -> None:
    thread, _got = answer(server, reads=False)
    with pytest.raises(OSError, match=r"reset|Broken pipe|not connected"):
        SyslogReceiver("127.0.0.1", server.getsockname()[1], tls=False).send(seven * 200)
    thread.join()


def test_a_syslog_server_that_says_something_for_ever_is_left(
    seven: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syslog, "LONGEST_TIME", 0.3)
    with never_done(seconds=5) as url, pytest.raises(TimeoutError, match=r"not over after 0\.3 s"):
        SyslogReceiver("127.0.0.1", int(url.rpartition(":")[2]), tls=False).send(seven)


def test_no_value_starts_another_syslog_message(events: Store) -> None:
    event = events(type="a b\n<1>1 -")
    text = message(event, b"{}")
    assert b"\n" not in text
    assert b" a_b_<1>1_- - {}" in text


def test_a_webhook_is_signed_and_its_answer_counts(
    seven: list[Event], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = f"whsec_{base64.b64encode(b'k' * 32).decode()}"
    sent: list[tuple[str, bytes, dict[str, str]]] = []

    def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        sent.append((url, body, headers))
        return 204 if len(sent) == 1 else 503

    monkeypatch.setattr(f"{__name__}.POST", [post], raising=False)
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "HTTP_POST": f"{__name__}.posted"}
    receiver = WebhookReceiver("https://siem.example/in", secret, {"X-Own": "1"}, "ndjson")
    receiver.send(seven)
    with pytest.raises(PostRefused, match="503"):
        receiver.send(seven)
    url, body, headers = sent[0]
    assert (url, headers["X-Own"]) == ("https://siem.example/in", "1")
    assert [json.loads(line)["reason"] for line in body.splitlines()] == [str(number) for number in range(7)]
    assert sent[0][2]["webhook-id"] == sent[1][2]["webhook-id"]
    with pytest.raises(json.JSONDecodeError):  # the signature is right; the body is lines, and no one document
        Webhook(secret).verify(body, headers)


POST: list[Any] = []


def posted(url: str, body: bytes, headers: dict[str, str]) -> int:
    return int(POST[0](url, body, headers))


@pytest.mark.parametrize("url", ["http://siem.example/", "ftp://127.0.0.1/", "siem.example", ""])
def test_events_are_not_sent_in_the_clear(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        WebhookReceiver(url)


# Checks


@pytest.mark.parametrize(
    "described",
    [
        {"BACKEND": "no.such.Receiver"},
        {"BACKEND": "auditlog.models.Event"},
        {},
        {"BACKEND": MEMORY, "FORMAT": "csv"},
        {"BACKEND": MEMORY, "FORMAT": "xml"},
        {"BACKEND": MEMORY, "OPTIONS": {"unknown": 1}},
        {"BACKEND": "auditlog.shipping.webhook.WebhookReceiver", "OPTIONS": {"url": "http://siem.example"}},
        {
            "BACKEND": "auditlog.shipping.webhook.WebhookReceiver",
            "OPTIONS": {"url": "https://siem.example", "secret": "no base64!"},  # pragma: allowlist secret
        },
    ],
)
def test_a_wrong_receiver_is_told(described: dict[str, Any], settings: Settings) -> None:
    assert list(check_shipping()) == []
    settings.BULWARK_AUDITLOG = {**settings.BULWARK_AUDITLOG, "SHIPPING": {"siem": described}}
    assert [error.id for error in check_shipping()] == ["bulwark_auditlog.E015"]


def test_the_namesake_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(check_namesake()) == []
    folder = tmp_path / "django_auditlog-3.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: django-auditlog\nVersion: 3.1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert [error.id for error in check_namesake()] == ["bulwark_auditlog.E016"]


def test_no_place_is_stored_for_a_receiver_that_never_shipped(seven: list[Event]) -> None:
    assert shipping.lag_of("siem", "default").events == 7
    assert not Follower.objects.filter(name="ship:siem").exists()
