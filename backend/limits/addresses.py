"""Whom a client's address stands for, where clients are counted."""

import ipaddress

# A network gives each of its customers at least so much of IPv6 to choose addresses from.
_IPV6_NETWORK_BITS = 64


def network_of(address: str | None) -> str:
    """The address itself, or of an IPv6 address the network that its customer has."""
    try:
        found = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "nowhere"
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(found) if found.is_loopback else str(ipaddress.ip_network((found, _IPV6_NETWORK_BITS), strict=False))


def is_loopback(network: str) -> bool:
    """Whether that is this machine itself."""
    try:
        return ipaddress.ip_address(network).is_loopback
    except ValueError:
        return False
