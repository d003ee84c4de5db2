"""The network of a client's address, by which clients are counted."""

import ipaddress

# A provider assigns each customer at least a network of this prefix length.
_IPV6_NETWORK_BITS = 64


def network_of(address: str | None) -> str:
    """Return an IPv4 address itself, or the customer network of an IPv6 address."""
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
    """Tell whether a network is this machine itself."""
    try:
        return ipaddress.ip_address(network).is_loopback
    except ValueError:
        return False
