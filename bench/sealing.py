"""How far the seal is behind the writers, whether it misses or repeats an event, and how fast the log is verified.

    python3 dev.py bench sealing postgresql://owner@127.0.0.1/postgres [--writers 16] [--seconds 60] [--open 30]

The server should be nobody else's: a transaction that is open in any of its databases holds up the seal.

Writers store events and roll a quarter of them back; one of them holds a transaction open for as long as --open says.
The lag is how long an event waits that could be sealed: its transaction and all older ones have ended. Promised: at
most 10 s, no event sealed twice or missed, and 30 000 events verified a second.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LAG, SPEED = 10.0, 30_000.0
_SEALABLE = """
SELECT epoch, tx, seq FROM bulwark_auditlog_event WHERE tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY epoch DESC, tx DESC, seq DESC LIMIT 1
"""
_SEALED = "SELECT epoch, tx, seq FROM bulwark_auditlog_follower WHERE name = 'seal'"


@contextmanager
def database(url: str) -> Iterator[str]:
    import psycopg

    name = f"bench_sealing_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{url.rpartition('/')[0]}/{name}"
        finally:
            owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(url: str, key: str, *arguments: str) -> subprocess.Popen[str]:
    settings = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "DATABASE_URL": url, "AUDIT_SEAL_KEYS": key}
    env = {**os.environ, **settings}
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)


def output(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{process.args!r} failed: {out}")
    return out


def worst_lag(url: str, writers: Sequence[subprocess.Popen[str]]) -> float:
    """Return the longest that an event waited which could have been sealed, in seconds, while the writers write."""
    import psycopg

    worst, seen = 0.0, []
    with psycopg.connect(url, autocommit=True) as looker:
        until = time.monotonic() + LAG
        while (now := time.monotonic()) < until:
            if any(writer.poll() is None for writer in writers):
                until = now + LAG
            sealable = looker.execute(_SEALABLE).fetchone()
            sealed = looker.execute(_SEALED).fetchone() or (0, 0, 0)
            if sealable is not None:
                seen.append((now, sealable))
            seen = [(moment, place) for moment, place in seen if place > sealed]
            if seen:
                worst = max(worst, now - seen[0][0])
            time.sleep(0.2)
    return worst


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", help="URL of a PostgreSQL whose role may create databases")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--open", type=float, default=30, help="how long one transaction stays open, in seconds")
    parser.add_argument("--events", type=int, default=200_000, help="how many more are verified")
    given = parser.parse_args()
    from auditlog.sealing.notes import new_signer

    key, worker = new_signer("bench").secret_line, ("-m", "bench.workers.sealed_writers")
    with database(given.database) as url:
        output(run(url, key, "manage.py", "migrate", "--verbosity", "0"))
        sealer = run(url, key, "manage.py", "auditlog_seal", "--loop", "--interval", "1")
        writers = [run(url, key, *worker, "write", str(given.seconds)) for _ in range(given.writers)]
        holder = run(url, key, *worker, "hold", str(given.open))
        worst = worst_lag(url, [*writers, holder])
        stored = sum(int(output(process)) for process in (*writers, holder))
        sealer.terminate()
        sealer.communicate()
        twice, missed = map(int, output(run(url, key, *worker, "count")).split())
        output(run(url, key, "manage.py", "auditlog_generate", str(given.events), "--force"))
        output(run(url, key, "manage.py", "auditlog_seal"))
        verdict = output(run(url, key, "manage.py", "auditlog_verify")).splitlines()
    speed = float(verdict[0].partition(" s, ")[2].partition(" ")[0])
    print(f"{stored} events by {given.writers} writers in {given.seconds:.0f} s")
    print(f"one transaction that had written was open for {given.open:.0f} s")
    print(f"longest lag of the seal: {worst:.1f} s (promised: {LAG:.0f})")
    print(f"sealed twice: {twice}, missed: {missed}")
    print(f"verified: {speed:.0f} events a second (promised: {SPEED:.0f}). {verdict[-1]}")
    return 0 if worst <= LAG and not twice and not missed and speed >= SPEED else 1


if __name__ == "__main__":
    sys.exit(main())
