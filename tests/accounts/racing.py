"""Requests that race, each in a thread with a connection of its own.

Run as a module it races on the database of DATABASE_URL, which it creates, and prints what came of it as JSON: SQLite
is raced on a file that way, because the suite's own database lives in memory, where threads share one connection.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Answer = tuple[int, dict[str, Any]]


def at_once(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Make all calls at the same moment and return their answers in order."""
    from django.db import connections

    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait(timeout=30)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def refresh(token: str) -> Answer:
    """Refresh over HTTP in this thread."""
    return _post("refresh", {"refresh": token})


def log_out(token: str) -> Answer:
    """Log out over HTTP in this thread."""
    return _post("logout", {"refresh": token})


def _post(path: str, body: dict[str, str]) -> Answer:
    from tests.accounts.browser import Browser, read

    response = Browser().send("POST", path, body)
    return response.status_code, read(response) if response.content else {}


def race_of_refreshes(rounds: int, racers: int) -> dict[str, Any]:
    """Let ``racers`` use the same refresh token at once, ``rounds`` times, each with the token of the round before.

    :return: the sorted set of statuses, how many different successors a round had at most, how many of the successors
        still worked, rows, live rows, and how far the generation has come.
    """
    from django.utils import timezone

    from accounts.models import TokenFamily
    from tests.accounts.browser import Browser
    from tests.accounts.conftest import make_user

    make_user("alice")
    browser = Browser()
    browser.log_in("alice@example.com")
    token, statuses, most = browser.refresh_token, set(), 0
    for _ in range(rounds):
        answers = at_once([lambda: refresh(token)] * racers)  # noqa: B023 - the calls end within the round
        statuses |= {status for status, _ in answers}
        successors = {body.get("refresh", "") for _, body in answers}
        most = max(most, len(successors))
        token = successors.pop()
    return {
        "statuses": sorted(statuses),
        "successors": most,
        "rows": TokenFamily.objects.count(),
        "live": TokenFamily.objects.live(timezone.now()).count(),
        "generation": TokenFamily.objects.get().generation,
    }


def race_of_logouts(rounds: int, racers: int) -> dict[str, Any]:
    """Let one logout meet ``racers`` refreshes of the same session, ``rounds`` times, each with a new session.

    :return: the sorted set of statuses, how many sessions are alive, and how many of the tokens handed out in the
        races still refresh or authenticate.
    """
    from django.utils import timezone

    from accounts.models import TokenFamily
    from tests.accounts.browser import Browser
    from tests.accounts.conftest import make_user

    make_user("bob")
    statuses, alive = set(), 0
    for _ in range(rounds):
        browser = Browser()
        browser.log_in("bob@example.com")
        token = browser.refresh_token
        calls: list[Callable[[], Answer]] = [lambda: log_out(token)]  # noqa: B023 - as above
        calls += [lambda: refresh(token)] * racers  # noqa: B023 - as above
        answers = at_once(calls)
        statuses |= {status for status, _ in answers}
        for status, body in answers:
            if status == 200:
                alive += refresh(body["refresh"])[0] == 200
                browser.access = body["access"]
                alive += browser.send("GET", "me").status_code == 200
    return {"statuses": sorted(statuses), "live": TokenFamily.objects.live(timezone.now()).count(), "alive": alive}


def main() -> None:
    """Migrate the database of the environment, run the race that is named, print what came of it."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    name, rounds, racers = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    django.setup()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.BULWARK_EDGE = {**settings.BULWARK_EDGE, "RATELIMIT_ENABLED": False}
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = bool(os.environ.get("ATOMIC_REQUESTS"))
    call_command("migrate", verbosity=0)
    races = {"refreshes": race_of_refreshes, "logouts": race_of_logouts}
    print(json.dumps(races[name](rounds, racers)))


if __name__ == "__main__":
    main()
