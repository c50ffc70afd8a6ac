"""One blocked network."""

import ipaddress
from dataclasses import dataclass

from ..client_ip import Network, ip_bucket, networks, parse_address
from ..conf import conf

#: Networks wider than these hold too many who did nothing.
_WIDEST = {4: 8, 6: 20}


@dataclass(frozen=True, slots=True)
class Block:
    """A network that is refused.

    :param network: as `203.0.113.0/24`.
    :param until: seconds since 1970 (UTC) when it ends; 0: never.
    :param reason: for those who run the service; nobody outside is told.
    """

    network: str
    until: float = 0
    reason: str = ""

    def holds(self, now: float) -> bool:
        """Say whether the block still holds."""
        return not self.until or self.until > now


def blockable(text: str) -> Network:
    """Return the network that ``text`` names: a network, or an address. An IPv6 address stands for its /64.

    :raises ValueError: it is none, it is a large part of the internet, or it holds a trusted proxy or exempt network:
        a block on a proxy is a block on everybody.
    """
    address = parse_address(text) if "/" not in text else None
    network = ipaddress.ip_network(ip_bucket(str(address)) if address else text)
    if network.prefixlen < _WIDEST[network.version]:
        msg = f"{network} is too much of the internet to block."
        raise ValueError(msg)
    for kept in networks((*conf.trusted_proxies, *conf.exempt_networks)):
        if kept.version == network.version and kept.overlaps(network):
            msg = f"{network} overlaps {kept}, which is a trusted proxy or exempt."
            raise ValueError(msg)
    return network
