"""Where the desk's API is, what it takes, and a client of it for whoever sits at the page."""

import ipaddress

from frontdesk import AsyncDesk
from frontdesk.client.client import URL


class _Reach:
    url = URL
    message_chars = 8_000


def use(url: str, message_chars: int = 8_000) -> None:
    """Whoever serves the pages says where the API is, and how long a message to it may be."""
    _Reach.url, _Reach.message_chars = url, message_chars


def message_chars() -> int:
    """How long a message may be."""
    return _Reach.message_chars


def desk(api_key: str = "", address: str = "") -> AsyncDesk:
    """A client for one visitor, who is at that address; close it after use."""
    return AsyncDesk(_Reach.url, api_key or None, forwarded_for=address if _is_address(address) else None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
