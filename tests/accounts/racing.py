"""Requests that race, each in a thread with a connection of its own.

Run as a module it races on the database of DATABASE_URL, which it creates, and prints what came of it as JSON: SQLite
is raced on a file that way, because the suite's own database lives in memory, where threads share one connection.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

Answer = tuple[int, dict[str, Any]]


@contextmanager
def before(statement: str, act: Callable[[], Any]) -> Iterator[None]:
    """Call ``act`` once, before the first statement that starts so: what another request does meanwhile."""
    from django.db import connection

    pending = [act]

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if pending and sql.startswith(statement):
            pending.pop()()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield
    assert not pending, "nothing of the kind was sent"


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


def race_of_second_steps(rounds: int, racers: int) -> dict[str, Any]:
    """Let ``racers`` finish logins at once, ``rounds`` times with a new user: each with a login of its own and the same
    code of the app; then with the same recovery code; then all with one login's token and a good code each.

    :return: for each of the three, how many sessions a round opened, as a sorted set; and the statuses.
    """
    from tests.accounts.browser import Browser
    from tests.accounts.conftest import make_user
    from tests.accounts.mfa.devices import enrol_phone, first_step

    opened: dict[str, set[int]] = {"code": set(), "recovery code": set(), "token": set()}
    statuses: set[int] = set()
    for number in range(rounds):
        name = f"racer{number}"
        make_user(name)
        browser = Browser()
        browser.log_in(f"{name}@example.com")
        phone = enrol_phone(browser)

        def tokens(name: str = name) -> list[str]:
            return [first_step(Browser(), name) for _ in range(racers)]

        one, code = first_step(Browser(), name), phone.code()
        races = {
            "code": [{"mfa_token": token, "totp": code} for token in tokens()],
            "recovery code": [{"mfa_token": token, "recovery_code": phone.codes[0]} for token in tokens()],
            "token": [{"mfa_token": one, "recovery_code": code} for code in phone.codes[1 : racers + 1]],
        }
        for kind, bodies in races.items():
            answers = at_once([partial(_post, "login/mfa", body) for body in bodies])
            opened[kind].add(sum(status == 200 for status, _ in answers))
            statuses |= {status for status, _ in answers}
    return {**{kind: sorted(counts) for kind, counts in opened.items()}, "statuses": sorted(statuses)}


def race_of_factors(rounds: int, racers: int) -> dict[str, Any]:
    """Let the ``racers`` sessions of a user each begin with an app at once, then each add a first passkey; then let the
    last two factors of a user who needs one be removed at once. ``rounds`` times, each with a new user.

    :return: the statuses of the three; how many seeds waited, how many sessions were shown recovery codes, how many
        codes there were, and how many factors were left, each as a sorted set.
    """
    from accounts.models import Passkey, RecoveryCode, TotpDevice
    from tests.accounts.browser import Browser, read
    from tests.accounts.conftest import make_user
    from tests.accounts.mfa.devices import enrol_phone

    statuses: dict[str, set[int]] = {"begin": set(), "add": set(), "remove": set()}
    counts: dict[str, set[int]] = {"pending": set(), "shown": set(), "codes": set(), "left": set()}

    def answered(browser: Browser, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        response = browser.send(method, path, body)
        return response.status_code, read(response) if response.content else {}

    def race(kind: str, calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
        answers = at_once(calls)
        statuses[kind] |= {status for status, _ in answers}
        return answers

    for number in range(rounds):
        user = make_user(f"racer{number}")
        browsers = [Browser() for _ in range(racers)]
        for browser in browsers:
            browser.log_in(user.email)
        race("begin", [partial(answered, browser, "POST", "mfa/totp") for browser in browsers])
        counts["pending"].add(TotpDevice.objects.of(user).filter(confirmed_at=None).count())

        answers = race("add", [_adding_a_passkey(browser, answered) for browser in browsers])
        counts["shown"].add(sum(bool(body.get("recovery_codes")) for _, body in answers))
        counts["codes"].add(RecoveryCode.objects.of(user).count())

        ((first, body),) = [(each, body) for each, (_, body) in zip(browsers, answers, strict=True) if "id" in body]
        first.access = body["access"]
        enrol_phone(first)
        passkey = f"mfa/passkeys/{Passkey.objects.of(user).get().pk}"
        race("remove", [partial(answered, first, "DELETE", path) for path in (passkey, "mfa/totp")])
        counts["left"].add(Passkey.objects.of(user).count() + TotpDevice.objects.of(user).confirmed().count())
    return {name: sorted(values) for name, values in (statuses | counts).items()}


def _adding_a_passkey(browser: Any, answered: Callable[..., Answer]) -> Callable[[], Answer]:
    from tests.accounts.browser import read
    from tests.accounts.mfa.authenticator import Authenticator

    begun = read(browser.send("POST", "mfa/passkeys/options"))
    credential = Authenticator().create(begun["public_key"])
    offer = {"credential": credential, "state": begun["state"], "name": "Key ring"}
    return partial(answered, browser, "POST", "mfa/passkeys", offer)


def race_of_codes(rounds: int, racers: int) -> dict[str, Any]:
    """Let ``racers`` exchange the same authorization code at once, ``rounds`` times, each with a new code.

    :return: the numbers of racers of a round who got tokens, the sorted set of statuses, how many sessions the codes
        made, and how many of them are alive.
    """
    from django.test import Client
    from django.utils import timezone

    from accounts.models import TokenFamily
    from tests.accounts.browser import read
    from tests.accounts.conftest import make_user
    from tests.accounts.oauth.app import App, register

    make_user("alice")
    app = App(register("app"))
    app.log_in("alice@example.com")
    winners, statuses = set(), set()

    def exchange(code: str) -> Answer:
        racer = App.__new__(App)
        vars(racer).update(vars(app), back=Client())
        response = racer.exchange(code)
        return response.status_code, read(response)

    for _ in range(rounds):
        code = app.code()
        answers = at_once([lambda: exchange(code)] * racers)  # noqa: B023 - the calls end within the round
        winners.add(sum(status == 200 for status, _ in answers))
        statuses |= {status for status, _ in answers}
    made = TokenFamily.objects.filter(client="app")
    return {
        "winners": sorted(winners),
        "statuses": sorted(statuses),
        "sessions": made.count(),
        "live": made.live(timezone.now()).count(),
    }


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
    if name == "factors":
        settings.BULWARK_ACCOUNTS = {**settings.BULWARK_ACCOUNTS, "MFA_REQUIRED": "everybody"}
    call_command("migrate", verbosity=0)
    races = {
        "codes": race_of_codes,
        "factors": race_of_factors,
        "logouts": race_of_logouts,
        "refreshes": race_of_refreshes,
        "second_steps": race_of_second_steps,
    }
    print(json.dumps(races[name](rounds, racers)))


if __name__ == "__main__":
    main()
