"""Speaks HTTP with the demo, and notes what each layer answered."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import urllib3

#: Which layer a refusal comes from, by status.
LAYERS = {
    400: "edge (request)",
    401: "accounts",
    403: "authz",
    404: "authz",
    413: "edge (body)",
    415: "edge (body)",
    422: "articles (input)",
    429: "edge (limits)",
    503: "edge (switches)",
}


class TargetRefused(ValueError):  # noqa: N818 - errors are past participles in this project
    """The address is not one that attacks are played against."""


def checked(url: str) -> str:
    """Return the base address of a server on this machine.

    :raises TargetRefused: it is anywhere else.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_here = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        is_here = False
    if parts.scheme not in {"http", "https"} or not is_here:
        raise TargetRefused(f"Attacks are played against this machine only, not against {host or url!r}.")
    return f"{parts.scheme}://{parts.netloc}"


def confirm(url: str, header: str, mark: str) -> None:
    """Ask the server at ``url`` whether it is the demo: with one harmless request, before there is an attack.

    :param header: in which header the demo says so.
    :param mark: what it says.
    :raises TargetRefused: it is another server, as one of production on this machine, or does not answer.
    """
    try:
        with urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=30)) as pool:
            answer = pool.request("HEAD", f"{url}/", redirect=False)
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise TargetRefused(
            f"{url} does not answer ({type(error).__name__}): start the demo with `make run`."
        ) from error
    if answer.headers.get(header) != mark:
        raise TargetRefused(
            f"What answers at {url} is not the demo of this checkout, served with DEBUG: it is not attacked."
        )


@dataclass(frozen=True)
class Answer:
    """What the server said."""

    status: int
    body: Any

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.status < 500 or self.status == 503


@dataclass
class Attacker:
    """One who attacks, from one address or from several, as told in the header that the demo believes this machine.

    :param url: the server.
    :param people: name -> email and password of the demo's accounts.
    :param tick: called after each request: for a progress bar.
    """

    url: str
    people: Mapping[str, Mapping[str, str]]
    tick: Callable[[], None] = lambda: None
    seen: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5, read=30))
    )

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str = "",
        raw: bytes | None = None,
        source: str = "192.0.2.1",
        agent: str = "simulated-attack",
    ) -> Answer:
        """Send one request and return the answer.

        :param raw: a body as it is, instead of ``body`` as JSON.
        :param source: the address that it comes from.
        """
        headers = {"User-Agent": agent, "Content-Type": "application/json", "X-Forwarded-For": source}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        answer = self._pool.request(method, f"{self.url}{path}", body=data, headers=headers, redirect=False)
        try:
            found = json.loads(answer.data or b"null")
        except ValueError:
            found = None
        code = str(found.get("code", "")) if isinstance(found, dict) else ""
        layer = LAYERS.get(answer.status, "answered") if code or answer.status < 400 else "routing"
        self.seen[layer, answer.status, code] += 1
        self.tick()
        return Answer(answer.status, found)

    def enter(self, name: str) -> dict[str, str]:
        """Log one of the demo's people in, from an address of their own, and return their tokens.

        :raises LookupError: the login was refused: too many were tried from here lately.
        """
        person = self.people[name]
        body = {"email": person["email"], "password": person["password"], "transport": "body"}
        answer = self.send("POST", "/api/v1/auth/login", body, source=f"192.0.2.{10 + len(name)}")
        if answer.status != 200:
            raise LookupError(f"{name} cannot log in ({answer.status}): wait some minutes, or begin a new demo.")
        found: dict[str, str] = answer.body
        return found
