"""Where the desk's API is, and a client of it for whoever sits at the page."""

from ui.client import URL, AsyncDesk


class _Reach:
    url = URL


def use(url: str) -> None:
    """Whoever serves the pages says where the API is."""
    _Reach.url = url


def desk(api_key: str = "") -> AsyncDesk:
    """A client for one visitor; close it after use."""
    return AsyncDesk(_Reach.url, api_key or None)
