"""What an outbound request may do."""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..client_ip import Network, networks

Resolver = Callable[[str, int], Sequence[str]]


def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of ``host`` as the system knows them.

    :raises OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Limits of an outbound request; the defaults suit a public web page.

    :param schemes: `https`, and `http` where it must be.
    :param ports: ports that may be asked.
    :param hosts: names that may be asked, a leading dot allows subdomains; empty: any public host.
    :param internal: networks that may be reached although they are not public, for a service inside.
    :param content_types: media types that are taken; empty: any.
    :param max_bytes: of the body.
    :param seconds: for everything together: connections, redirects, headers, body.
    :param redirects: how many are followed, each checked like the first address.
    :param resolver: finds addresses; asked once for each host name.
    :param ca_file: certificates to trust instead of the system's.
    """

    schemes: tuple[str, ...] = ("https",)
    ports: tuple[int, ...] = (443,)
    hosts: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()
    content_types: tuple[str, ...] = ()
    max_bytes: int = 1_048_576
    seconds: float = 5.0
    redirects: int = 3
    resolver: Resolver = system_resolver
    ca_file: str = ""

    def __post_init__(self) -> None:
        for name in ("schemes", "ports", "hosts", "internal", "content_types"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # settings may have lists

    def allows_host(self, host: str) -> bool:
        """Say whether ``host`` may be asked."""
        return not self.hosts or any(
            host == name.lstrip(".") or (name.startswith(".") and host.endswith(name)) for name in self.hosts
        )

    @property
    def internal_networks(self) -> tuple[Network, ...]:
        """`internal` as networks."""
        return networks(self.internal)
