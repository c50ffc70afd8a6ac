"""The scenarios: what each does, which alert it must raise, and whether the attack was stopped."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

from .attacker import Attacker

API = "/api/v1/"
#: So many addresses take part where an attack comes from many: none of anybody's (RFC 5737), as all that are used here.
SOURCES = tuple(f"198.51.100.{number}" for number in range(1, 13))


@dataclass(frozen=True)
class Scenario:
    """One attack.

    :ivar play: plays it and says whether it was stopped.
    :ivar requests: how many requests it makes, about: for the progress bar.
    :ivar alerts: rules of which at least one must find it; none where a single refusal is no alert.
    """

    name: str
    title: str
    play: Callable[[Attacker], bool]
    requests: int
    alerts: tuple[str, ...] = ()


def stuffing(attacker: Attacker) -> bool:
    """Try a list of stolen addresses and passwords from one address; not from that of whoever reads the alerts then."""
    path, source = f"{API}auth/login", "203.0.113.5"
    answers = [
        attacker.send("POST", path, _credentials(f"victim{number}@example.com", "stolen-password-1"), source=source)
        for number in range(70)
    ]
    return all(answer.is_refusal for answer in answers) and answers[-1].status == 429


def spraying(attacker: Attacker) -> bool:
    """Try one common password on many accounts, from neighbouring addresses."""
    answers = [
        attacker.send(
            "POST",
            f"{API}auth/login",
            _credentials(f"victim{number}@example.com", "Summer2030!Summer"),
            source=SOURCES[number % len(SOURCES)],
        )
        for number in range(60)
    ]
    return all(answer.is_refusal for answer in answers)


def token_theft(attacker: Attacker) -> bool:
    """Use a refresh token that its owner has exchanged already."""
    stolen = attacker.enter("alice")["refresh"]
    first = attacker.send("POST", f"{API}auth/refresh", {"refresh": stolen})
    if first.status != 200:
        return False
    second = attacker.send("POST", f"{API}auth/refresh", {"refresh": first.body["refresh"]})
    theft = attacker.send("POST", f"{API}auth/refresh", {"refresh": stolen})
    after = attacker.send("GET", f"{API}auth/me", token=second.body["access"])
    return (theft.status, after.status) == (401, 401)


def bola_walk(attacker: Attacker) -> bool:
    """Ask for articles by guessed ids, as somebody who may read few of them."""
    token = attacker.enter("bob")["access"]
    answers = [attacker.send("GET", f"{API}articles/{uuid.UUID(int=number)}/", token=token) for number in range(1, 31)]
    return all(answer.status in {404, 429} for answer in answers)


def scraping(attacker: Attacker) -> bool:
    """Read as fast as the server answers, and do not stop when told to."""
    answers = [attacker.send("GET", f"{API}categories/", source="203.0.113.3", agent="scraper") for _ in range(150)]
    return sum(answer.status == 429 for answer in answers) > 60


def probing(attacker: Attacker) -> bool:
    """Ask for what careless servers leave lying about."""
    paths = ("/.env", "/.git/config", "/wp-login.php", "/phpmyadmin/", "/actuator/env", "/server-status")
    return all(attacker.send("GET", path, source="203.0.113.4", agent="sqlmap/1.8").is_refusal for path in paths)


def mass_assignment(attacker: Attacker) -> bool:
    """Write an article with fields that are not the writer's to set."""
    token = attacker.enter("alice")["access"]
    extra = {"status": "published", "author": str(uuid.uuid4()), "tenant": str(uuid.uuid4()), "legal_hold": False}
    body = {"title": "An article by somebody else", "body": "<p>Text</p>", "category": str(uuid.uuid4()), **extra}
    answer = attacker.send("POST", f"{API}articles/", body, token=token)
    refused = {error["pointer"] for error in answer.body.get("errors", [])} if isinstance(answer.body, dict) else set()
    return answer.status in {403, 422} and (answer.status == 403 or {f"/{name}" for name in extra} <= refused)


def ssrf(attacker: Attacker) -> bool:
    """Make the server fetch its own network."""
    token = attacker.enter("alice")["access"]
    targets = (
        *("http://169.254.169.254/latest/meta-data/", "https://[::ffff:127.0.0.1]:6379/", "https://localhost/admin/"),
        *("https://2130706433/", "https://0x7f.1/", "https://[64:ff9b::7f00:1]/"),
    )
    answers = [attacker.send("POST", f"{API}link-preview/", {"url": url}, token=token) for url in targets]
    return all(answer.is_refusal for answer in answers)


def body_bombs(attacker: Attacker) -> bool:
    """Send JSON that is deep, ambiguous, broken and huge."""
    token = attacker.enter("alice")["access"]
    bodies = (
        b'{"title":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"title":"one","title":"two"}',
        b'{"title":"\\ud800"}',
        b'{"title":"' + b"x" * 2_000_000 + b'"}',
        b'{"title":NaN}',
    )
    answers = [attacker.send("POST", f"{API}articles/", raw=body, token=token) for body in bodies]
    return all(answer.is_refusal for answer in answers)


def _credentials(email: str, password: str) -> dict[str, str]:
    return {"email": email, "password": password, "transport": "body"}


SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("probing", "A scanner looks for known holes", probing, 6, ("probing", "unusual_user_agent")),
        Scenario("token-theft", "A stolen refresh token is used", token_theft, 5, ("token_reuse",)),
        Scenario("mass-assignment", "Fields are written that are not one's own", mass_assignment, 2),
        Scenario("ssrf", "The server is asked to reach inside", ssrf, 7),
        Scenario("body-bombs", "Bodies that break parsers", body_bombs, 6),
        Scenario("bola-walk", "Objects are asked for by guessed ids", bola_walk, 31, ("object_walking",)),
        Scenario("scraping", "Content is copied by a machine", scraping, 150, ("scraping", "spike_429_by_ip")),
        Scenario("spraying", "One password, many accounts", spraying, 60, ("login_failures_by_subnet",)),
        Scenario("stuffing", "Stolen credentials, one after another", stuffing, 70, ("spike_429_by_ip", "scraping")),
    )
}
