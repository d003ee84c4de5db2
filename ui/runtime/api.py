"""Where the API is and what it accepts, and a client of it for each user of the pages."""

import ipaddress

from frontdesk import AsyncDesk
from frontdesk.client.client import URL


class _ApiAddress:
    url = URL
    message_chars = 8_000


def set_address(url: str, message_chars: int = 8_000) -> None:
    """Set the URL of the API and the longest message that it takes; called by the server of the pages."""
    _ApiAddress.url, _ApiAddress.message_chars = url, message_chars


def message_chars() -> int:
    """Return the maximum length of a message."""
    return _ApiAddress.message_chars


def create_client(api_key: str = "", address: str = "") -> AsyncDesk:
    """Create a client for one user at this address; close it after use."""
    return AsyncDesk(_ApiAddress.url, api_key or None, forwarded_for=address if _is_address(address) else None)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
