"""Which addresses are out on the internet: listed here, as `ipaddress.is_global` passes NAT64 and cloud metadata."""

import ipaddress

from ..client_ip import Address, Network, is_within, networks

#: IANA's special-purpose registry, multicast and reserved space, and what clouds put on "public" addresses.
_IPV4 = networks(
    (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier NAT; 100.100.100.200 is Alibaba's metadata
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's platform
        "169.254.0.0/16",  # link-local; 169.254.169.254 is most clouds' metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
#: Only this is handed out as global unicast: it leaves out ::1, mapped and NAT64 addresses, unique local (fd00:ec2::254
#: is Amazon's metadata), link-local and multicast.
_IPV6_GLOBAL = networks(("2000::/3",))
_IPV6 = networks(
    (
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address, also: tuple[Network, ...] = ()) -> bool:
    """Say whether ``address`` is out on the internet.

    :param also: networks that count as well, for a service inside.
    """
    if is_within(address, also):
        return True
    if isinstance(address, ipaddress.IPv4Address):
        return not is_within(address, _IPV4)
    return is_within(address, _IPV6_GLOBAL) and not is_within(address, _IPV6)
