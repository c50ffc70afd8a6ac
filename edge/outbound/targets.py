"""From a URL to one address that may be connected to."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.utils.encoding import iri_to_uri

from ..client_ip import parse_address
from .addresses import is_public
from .errors import OutboundFailed, OutboundRefused
from .policy import OutboundPolicy
from .resolving import resolve

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*\.?", re.ASCII)
_PLAIN_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)
#: A last label of digits or hex: what `inet_aton` reads as an address, however it is written.
_NUMERIC = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)\.?", re.ASCII)
MAX_URL = 2_048


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect, and what to ask for there.

    :param address: the one address that is connected to, already checked.
    :param path: path and query.
    """

    scheme: str
    host: str
    port: int
    address: str
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port."""
        return self.scheme, self.host, self.port


def target_of(url: str, policy: OutboundPolicy, seconds: float) -> Target:
    """Return where ``url`` leads.

    :param seconds: to wait for the name's addresses.

    :raises OutboundRefused: it leads somewhere that is not allowed, or cannot be read without doubt.
    :raises OutboundFailed: its host has no address.
    """
    parts = _split(url)
    if parts.scheme not in policy.schemes or parts.scheme not in _PORTS:
        raise OutboundRefused("scheme")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise OutboundRefused("userinfo")
    host = _host(parts)
    try:
        port = _PORTS[parts.scheme] if parts.port is None else parts.port
    except ValueError:
        raise OutboundRefused("port") from None
    if port not in policy.ports:
        raise OutboundRefused("port")
    if not policy.allows_host(host):
        raise OutboundRefused("host")
    path = _path(parts)
    return Target(parts.scheme, host, port, _address(host, port, policy, seconds), path)


def _split(url: str) -> SplitResult:
    # Backslashes, spaces and controls are where parsers disagree on the host.
    if len(url) > MAX_URL or "\\" in url or any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        raise OutboundRefused("url")
    try:
        return urlsplit(url)
    except ValueError:
        raise OutboundRefused("url") from None


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if ":" in host:
        if "%" in host or parse_address(host) is None:
            raise OutboundRefused("host")
        return host
    try:
        host = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise OutboundRefused("host") from None
    if not _HOST.fullmatch(host) or (_NUMERIC.fullmatch(host) and not _PLAIN_IPV4.fullmatch(host)):
        raise OutboundRefused("host")
    return host.rstrip(".")


def _path(parts: SplitResult) -> str:
    """Return path and query as they are sent: other letters than ASCII as the octets of UTF-8 (RFC 3987)."""
    path = parts._replace(scheme="", netloc="", fragment="").geturl()
    try:
        path = iri_to_uri(path)
    except UnicodeError:  # half of a surrogate pair
        raise OutboundRefused("url") from None
    return path if path.startswith("/") else f"/{path}"


def _address(host: str, port: int, policy: OutboundPolicy, seconds: float) -> str:
    """Resolve once, check every address, and pin the first.

    One bad address among good ones refuses all: a name that points inside even sometimes is not to be trusted.
    """
    literal = parse_address(host) if ":" in host or _PLAIN_IPV4.fullmatch(host) else None
    try:
        texts = [host] if literal else resolve(policy, host, port, seconds)
    except (OSError, UnicodeError):
        raise OutboundFailed("name") from None
    addresses = [parse_address(text) for text in texts]
    if not addresses or any(address is None for address in addresses):
        raise OutboundRefused("address")
    if not all(is_public(address, policy.internal_networks) for address in addresses if address is not None):
        raise OutboundRefused("address")
    return str(addresses[0])
