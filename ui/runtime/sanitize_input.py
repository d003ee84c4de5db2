"""Middleware that cleans the input of browsers before any handler sees it."""

from typing import Any

from reflex.app import App
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event import Event


class WholeCharacters(Middleware):
    """Replaces lone surrogates: they can be typed, but neither stored nor sent back, and would break the page."""

    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        for name, value in event.payload.items():
            event.payload[name] = replace_surrogates(value)
        return None


def replace_surrogates(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy of the value with a replacement character for every lone surrogate."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [replace_surrogates(one) for one in value]
    if isinstance(value, dict):
        return {replace_surrogates(name): replace_surrogates(one) for name, one in value.items()}
    return value
