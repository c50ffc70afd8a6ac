"""How long an attack waits for its alert while the log is written to at full speed, on PostgreSQL.

    python3 dev.py bench detection [postgresql://owner@127.0.0.1/postgres] [--writers 8] [--seconds 30]

Writers store invented events as fast as they can, a detector looks every five seconds as in docker/, and in the
middle an attack comes: failed logins from one address. The time runs from the first of them to the signed webhook that
names it. Promised: at most 60 s.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

from bench.sealing import database

PROMISED = 60.0
SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtMTI="  # pragma: allowlist secret
SETTINGS = "bench.workers.detector_settings"


def write(until: float, written: list[int]) -> None:
    from django.db import connection

    from auditlog import generating
    from auditlog.models import Event

    made = generating.events(1_000_000, days=1, seed=threading.get_ident() % 1000)
    while time.monotonic() < until:
        Event.objects.insert([next(made)])
        written[0] += 1
    connection.close()


def attack() -> float:
    """Fail to log in forty times and return when that began."""
    from django.utils import timezone

    from auditlog.models import Event

    began, now = time.monotonic(), timezone.now()
    Event.objects.insert(
        [
            Event(
                type="accounts.login_failed",
                ts=now + timedelta(milliseconds=number),
                outcome="refused",
                severity=3,
                actor_type="anonymous",
                src_ip="192.0.2.66",
                data={"identifier": f"victim{number}", "reason": "wrong_password"},
            )
            for number in range(40)
        ]
    )
    return began


def rang(posts: list[Any]) -> bool:
    return any(b"192.0.2.66" in body for _path, _headers, body in posts)


def measured(writers: int, seconds: float, receiver: Any) -> tuple[float, int]:
    """Return the seconds until the pager rang, and how many events were written meanwhile."""
    written, until = [0], time.monotonic() + seconds
    threads = [threading.Thread(target=write, args=(until, written)) for _ in range(writers)]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    began = attack()
    while not rang(receiver.posts) and time.monotonic() - began < PROMISED * 2:
        time.sleep(0.1)
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    return took, written[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", nargs="?", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=30.0)
    options = parser.parse_args()
    from tests.auditlog.alerts_receiver import receiver

    with database(options.url) as url, receiver() as pager:
        os.environ |= {"DJANGO_SETTINGS_MODULE": SETTINGS, "DATABASE_URL": url, "PAGER": pager.url}
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        command = [sys.executable, "manage.py", "auditlog_detect", "--loop", "5"]
        with subprocess.Popen(command) as detector:
            try:
                took, written = measured(options.writers, options.seconds, pager)
            finally:
                detector.terminate()
    rate = written / options.seconds
    print(f"{written} events written meanwhile, {rate:.0f}/s by {options.writers} writers")
    print(f"from the first failed login to the webhook: {took:.1f} s (promised: {PROMISED:.0f} s)")
    return 0 if took <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
