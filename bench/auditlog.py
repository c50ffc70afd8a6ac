"""What an audited change costs, and what 16 writers still get done; beside django-auditlog and django-pghistory.

    python3 dev.py bench auditlog postgresql://owner@127.0.0.1/postgres [--peers PYTHON] [--seconds 5] [--writers 16]

A logged-in user changes one row. Each contender gets a database of its own, made and dropped here, and processes of
its own. django-auditlog has the import name of ours, so the peers need an interpreter of theirs: `uv venv x && uv pip
install --python x/bin/python Django psycopg[binary,pool] django-auditlog django-pghistory`, then `--peers` its python.
Promised: at most one query more than an unaudited request, and at least 80 % of its throughput.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WORKER = Path(__file__).parent / "workers" / "audited_requests.py"
ROUNDS, PROMISED = 5, 0.8

MODEL = """
{imports}
from django.db import models
{decorator}
class Item(models.Model):
    title = models.CharField(max_length=100)
    status = models.CharField(max_length=20)
{after}
"""


@dataclass(frozen=True)
class Contender:
    name: str
    imports: str = ""
    decorator: str = ""
    after: str = ""
    apps: tuple[str, ...] = ()
    middleware: tuple[str, ...] = ()
    is_peer: bool = False


CONTENDERS = (
    Contender("unaudited"),
    Contender(
        "bulwark",
        imports="from auditlog.auditing import audited",
        decorator='@audited(fields=["title", "status"])',
        apps=("auditlog",),
        middleware=("auditlog.middleware.AuditMiddleware",),
    ),
    Contender(
        "django-auditlog",
        imports="from auditlog.registry import auditlog",
        after="auditlog.register(Item)",
        apps=("auditlog",),
        middleware=("auditlog.middleware.AuditlogMiddleware",),
        is_peer=True,
    ),
    Contender(
        "django-pghistory",
        imports="import pghistory",
        decorator="@pghistory.track()",
        apps=("pgtrigger", "pghistory"),
        middleware=("pghistory.middleware.HistoryMiddleware",),
        is_peer=True,
    ),
)


@dataclass
class Project:
    """A project on disk with one model and one view, and a database."""

    contender: Contender
    folder: Path
    python: str
    url: str

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        path = str(self.folder) if self.contender.is_peer else f"{self.folder}{os.pathsep}{ROOT}"
        return subprocess.Popen(
            [self.python, "-P", str(self.folder / "worker.py"), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "DJANGO_SETTINGS_MODULE": "worker", "BENCH_DATABASE": self.url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, *arguments: str) -> Any:
        """Run the worker to its end and return the JSON that it prints last."""
        process = self.run(*arguments)
        out, _ = process.communicate()
        if process.returncode:
            sys.exit(f"{self.contender.name}: {arguments} failed")
        return json.loads(out.splitlines()[-1])

    def write(self) -> None:
        wanted = self.contender
        shop = self.folder / "shop"
        (shop / "migrations").mkdir(parents=True)
        for package in (shop, shop / "migrations"):
            (package / "__init__.py").touch()
        text = MODEL.format(imports=wanted.imports, decorator=wanted.decorator, after=wanted.after)
        (shop / "models.py").write_text(text)
        settings = {"APPS": [*wanted.apps, "shop"], "MIDDLEWARE": list(wanted.middleware)}
        (self.folder / "contender.json").write_text(json.dumps(settings))
        (self.folder / "worker.py").write_text(WORKER.read_text())


@contextmanager
def project(contender: Contender, python: str, url: str) -> Iterator[Project]:
    import psycopg

    name = f"bench_{contender.name.replace('-', '_')}_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as owner, tempfile.TemporaryDirectory() as folder:
        owner.execute(f"CREATE DATABASE {name}")
        try:
            made = Project(contender, Path(folder), python, f"{url.rpartition('/')[0]}/{name}")
            made.write()
            made.tell("prepare")
            yield made
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def throughput(made: Project, writers: int, seconds: float) -> float:
    """Return requests a second that all writers together get done."""
    running = [made.run("write", str(number + 1), str(seconds)) for number in range(writers)]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()  # it is ready
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [int(process.communicate()[0].splitlines()[-1]) for process in running]
    return sum(done) / seconds


def measured(projects: list[Project], writers: int, seconds: float) -> dict[str, dict[str, float]]:
    """Measure in rounds in which the contenders take turns.

    A ratio is that of one round, and the median of the rounds is returned: what else the machine does at a time
    slows all contenders of that round down.
    """
    rounds: list[dict[str, dict[str, float]]] = []
    for _ in range(ROUNDS):
        single = {made.contender.name: made.tell("one", str(seconds)) for made in projects}
        many = {made.contender.name: throughput(made, writers, seconds) for made in projects}
        base_ms, base = single["unaudited"]["ms"], many["unaudited"]
        rounds.append(
            {
                name: {**row, "more": row["ms"] - base_ms, "throughput": many[name], "ratio": many[name] / base}
                for name, row in single.items()
            }
        )
    names, columns = rounds[0], rounds[0]["unaudited"]
    return {name: {key: statistics.median(one[name][key] for one in rounds) for key in columns} for name in names}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", help="URL of a PostgreSQL whose role may create databases")
    parser.add_argument("--peers", default="", help="interpreter that has the peers")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--writers", type=int, default=16)
    given = parser.parse_args()
    with ExitStack() as stack:
        entered = [
            stack.enter_context(
                project(contender, given.peers if contender.is_peer else sys.executable, given.database)
            )
            for contender in CONTENDERS
            if given.peers or not contender.is_peer
        ]
        found = measured(entered, given.writers, given.seconds)
    print(f"{'a request that changes a row':30} {'ms':>6} {'more':>6} {'queries':>8} {'requests/s':>11} {'ratio':>6}")
    for name, row in found.items():
        one, many = f"{row['ms']:6.2f} {row['more']:6.2f} {row['queries']:8.0f}", f"{row['throughput']:11.0f}"
        print(f"{name:30} {one} {many} {row['ratio']:6.2f}")
    ours = found["bulwark"]
    return 0 if ours["ratio"] >= PROMISED and ours["queries"] <= found["unaudited"]["queries"] + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
