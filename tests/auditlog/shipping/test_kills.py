"""The receiver is killed, the shipper is killed, again and again: no event is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.alone.project import BareProject, bare_project

COUNT = 4000
SETTINGS = """
MIDDLEWARE.insert(0, "{package}auditlog.middleware.AuditMiddleware")
import os
BULWARK_AUDITLOG = {
    "SPOOL": BASE_DIR / "spool",
    "SHIPPING": {
        "hook": {"BACKEND": "auditlog.shipping.webhook.WebhookReceiver", "FORMAT": "ndjson",
            "OPTIONS": {"url": "http://127.0.0.1:" + os.environ.get("COLLECTOR", "1") + "/"}},
        "file": {"BACKEND": "auditlog.shipping.receivers.FileReceiver", "FORMAT": "ndjson",
            "OPTIONS": {"path": BASE_DIR / "shipped.ndjson"}},
    },
}
"""


@pytest.fixture
def project(tmp_path: Path) -> BareProject:
    made = bare_project(tmp_path, "auditlog", settings=SETTINGS)
    made.manage("migrate", "--verbosity", "0")
    made.manage("auditlog_generate", str(COUNT), "--force")
    return made


@contextmanager
def running(*arguments: str, project: BareProject, port: str = "1") -> Iterator[subprocess.Popen[str]]:
    variables = {"DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(project.path), "COLLECTOR": port}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=project.path,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def shipper(name: str, project: BareProject, port: str = "1") -> list[str]:
    return ["-m", "django", "auditlog_ship", name, "--loop", "--interval", "0.05"]


def ids(path: Path) -> list[str]:
    """Return the ids of the whole lines; a line that a kill has cut is none."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line)["id"])
        except ValueError:
            continue
    return found


def wait(until: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_a_shipper_that_is_killed_loses_nothing(project: BareProject) -> None:
    target = project.path / "shipped.ndjson"
    for share in (0.2, 0.5):
        with running(*shipper("file", project), project=project) as process:
            wait(lambda share=share: len(set(ids(target))) > COUNT * share)  # type: ignore[misc]
            kill(process)
    with target.open("a") as torn:
        torn.write('{"id": "half a li')
    project.manage("auditlog_ship", "file")
    found = ids(target)
    assert len(set(found)) == COUNT
    # At least once: what was sent again is a batch for each kill at most.
    assert len(found) <= COUNT + 2 * 500
    assert project.manage("auditlog_ship", "file", "--lag").startswith("file: 0 events wait")


def test_a_receiver_that_is_killed_loses_nothing(project: BareProject) -> None:
    target = project.path / "received.ndjson"
    collector = [str(Path(__file__).parent / "collector.py"), str(target)]
    with running(*collector, project=project) as first:
        assert first.stdout is not None
        port = first.stdout.readline().strip()
        with running(*shipper("hook", project), project=project, port=port):
            wait(lambda: len(set(ids(target))) > COUNT * 0.2)
            kill(first)
            with running(*collector, port, project=project):
                wait(lambda: len(set(ids(target))) == COUNT)
