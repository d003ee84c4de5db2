"""Where the desk's API is, and a client of it for whoever sits at the page."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from ui.client import URL, AsyncDesk


class ReachSettings(BaseSettings):
    """`API_URL` points the web desk at an API elsewhere."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    api_url: str = ""


class _Reach:
    url = ReachSettings().api_url or URL


def use(url: str) -> None:
    """Who serves the pages beside an API says where that is, unless `API_URL` does."""
    _Reach.url = ReachSettings().api_url or url


def desk(api_key: str = "") -> AsyncDesk:
    """A client for one visitor; close it after use."""
    return AsyncDesk(_Reach.url, api_key or None)
