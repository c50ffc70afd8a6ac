"""Where a code may be sent: the addresses that a client registers, and the comparison that lets one through."""

import re
from urllib.parse import SplitResult, urlsplit

#: The loopback interface by its address: a name could be resolved to another (RFC 8252, section 8.3).
LOOPBACK = frozenset({"127.0.0.1", "::1"})
#: Characters of an address.
MAX_LENGTH = 1_000
# No star either: who writes one believes that it stands for something.
_SPELLED = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+", re.ASCII)
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+", re.ASCII)


class RedirectRefused(ValueError):  # noqa: N818 - errors are past participles
    """An address that no code may be sent to; the message says why."""


def check_redirect_uri(uri: str) -> None:
    """Check an address before it is registered.

    It is `https`, `http` to the loopback interface by its address (an app on the same machine, RFC 8252, section 7.3),
    or a scheme of an app's own that is spelled like a reversed domain (section 7.1).

    :raises RedirectRefused: it is none of these, or has a fragment, a user name, or a character to be escaped.
    """
    if not uri or len(uri) > MAX_LENGTH or not _SPELLED.fullmatch(uri):
        msg = "It is empty, too long, has a fragment, or has characters that must be escaped."
        raise RedirectRefused(msg)
    parts = _parts(uri)
    if parts is None:
        msg = "It is no address."
        raise RedirectRefused(msg)
    if parts.scheme in {"http", "https"}:
        _check_web(parts)
    elif not _PRIVATE_SCHEME.fullmatch(parts.scheme):
        msg = "An app's own scheme is its domain, reversed, as com.example.app:/callback."
        raise RedirectRefused(msg)


def _check_web(parts: SplitResult) -> None:
    if not parts.hostname or "@" in parts.netloc:
        msg = "It names no host, or a user."
        raise RedirectRefused(msg)
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        msg = "Over http only 127.0.0.1 and [::1] are allowed."
        raise RedirectRefused(msg)


def is_registered(uri: str, registered: list[str]) -> bool:
    """Say whether a code may be sent to ``uri``: it is exactly one of those registered (RFC 9700, section 4.1.3).

    An app on the same machine is given a port when it starts, so there the port may differ (RFC 8252, section 7.3).
    """
    if uri in registered:
        return True
    portless = _without_port(uri)
    return portless is not None and portless in {_without_port(each) for each in registered}


def origin_of(uri: str) -> str:
    """Return the web origin of an address, or an empty string for an app's own scheme."""
    parts = _parts(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts and parts.scheme in {"http", "https"} else ""


def _without_port(uri: str) -> str | None:
    """Return a loopback address without its port; None for any other address, and for one spelled in another way."""
    parts = _parts(uri)
    if parts is None or parts.scheme != "http" or parts.hostname not in LOOPBACK or not _SPELLED.fullmatch(uri):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port is None else f":{parts.port}"
    if parts.netloc != host + port or len(uri) > MAX_LENGTH:
        return None
    return uri.replace(f"http://{parts.netloc}", f"http://{host}", 1)


def _parts(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        return None
    return parts
