"""Where the desk's API is, and a client of it for whoever sits at the page."""

import ipaddress

from ui.client import URL, AsyncDesk


class _Reach:
    url = URL


def use(url: str) -> None:
    """Whoever serves the pages says where the API is."""
    _Reach.url = url


def desk(api_key: str = "", address: str = "") -> AsyncDesk:
    """A client for one visitor, who is at that address; close it after use."""
    return AsyncDesk(_Reach.url, api_key or None, forwarded_for=address if _is_address(address) else None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
