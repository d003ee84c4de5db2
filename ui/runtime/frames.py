"""Validation of the frames that a page sends over its socket, before anything else reads them.

A frame that no page sends closes its socket. An event that this server does not know, or whose values do not have the
type or size that its handler takes, is dropped: pages of an older version send such events, too.
"""

import functools
import inspect
import json
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from reflex.state import BaseState, State
from reflex_base.constants.state import FIELD_MARKER
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

Verdict = Literal["pass", "leave out", "close"]

NAMESPACE = "/_event"
_CONNECT = re.compile(rf"40{NAMESPACE},(\{{.*\}})?", re.DOTALL)
_MOST_LEVELS = 12
# In bytes of memory. Most events carry an id or the text of a search.
_MOST_EVENT_BYTES = 8_192
# Small, as Reflex keeps several copies of a page's location.
_MOST_LOCATION_BYTES = 6_144
_NODE_BYTES = 64
_MOST_CONNECT_BYTES = 49_152
_REFLEX = "reflex___"
# The only built-in or generated handlers of Reflex that pages call.
_REFLEX_HANDLERS = (
    ".hydrate",
    ".hydrate_and_load",
    ".on_load_internal",
    ".set_is_hydrated",
    ".update_vars_internal",
    ".handle_frontend_exception",
)
# Events with a larger limit in bytes; None is limited only by the size of the frame.
_LARGER_LIMITS: dict[str, int | None] = {
    "chat.ask_suggested": None,
    "chat.edit_question": None,
    "chat.send_message": None,
    "chat.rate_answer": 32_768,
    "handoffs.resolve_handoff": 32_768,
    "handoff_form.send_request": 32_768,
    "source_viewer.open_source": None,
    "agents.save_form": None,
    "uploads.list_rejected": 65_536,
    "state.hydrate_and_load": 32_768,
}


@dataclass
class FrameFilter:
    """The validator of one socket's frames."""

    known: RegistrationContext
    most_bytes: int
    _is_connected: bool = False

    def verdict(self, text: str) -> Verdict:
        """Decide whether a frame passes, is dropped, or closes the socket."""
        if text in ("3", "1", f"41{NAMESPACE},"):
            return "pass"
        if len(text) > self.most_bytes:
            return "close"
        if not self._is_connected:
            return self._check_connect(text)
        return self._check_event(text) if text.startswith(f"42{NAMESPACE},") else "close"

    def _check_connect(self, text: str) -> Verdict:
        """Validate the connect frame, which may carry the page's first event; allowed only once."""
        found = _CONNECT.fullmatch(text)
        value = _parse_json(found[1] or "{}") if found else None
        if not isinstance(value, dict) or ("event" in value and not self._is_valid_event(value["event"])):
            return "close"
        if not isinstance(value.get("state_schema", ""), str | None) or memory_bytes(value) > _MOST_CONNECT_BYTES:
            return "close"
        self._is_connected = True
        return "pass"

    def _check_event(self, text: str) -> Verdict:
        value = _parse_json(text[len(NAMESPACE) + 3 :])
        if not isinstance(value, list):
            return "close"
        match value:
            case ["ping"]:
                return "pass"
            case ["client_error", dict() as error]:
                return "pass" if memory_bytes(error) <= _MOST_EVENT_BYTES else "leave out"
            case ["event", dict() as event]:
                return "pass" if self._is_valid_event(event) else "leave out"
            case _:
                return "leave out"

    def _is_valid_event(self, event: object) -> bool:
        match {"payload": {}, "router_data": {}} | event if isinstance(event, dict) else None:
            case {"name": str() as name, "payload": dict() as payload, "router_data": dict() as place}:
                handler = self.known.event_handlers.get(name) if _is_callable(name) else None
                most = _payload_limit(name) or 4 * self.most_bytes
                return bool(handler and _accepts_payload(handler, payload, most)) and _is_location(place)
            case _:
                return False


def memory_bytes(value: object) -> int:
    """Estimate the memory that a JSON value takes, in bytes."""
    total, level = 0, [value]
    while level:
        total += sum(sys.getsizeof(one) if isinstance(one, str) else _NODE_BYTES for one in level)
        level = [inner for one in level for inner in _inner_values(one)]
    return total


def _inner_values(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _parse_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON; return None if it is invalid or nested too deeply."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    level, deep = [value], 0
    while level := [inner for one in level for inner in _inner_values(one)]:
        deep += 1
        if deep > _MOST_LEVELS:
            return None
    return value


def _is_location(place: dict[str, Any]) -> bool:
    """Tell whether this is a valid location of a page."""
    kinds: dict[str, type] = {"pathname": str, "asPath": str, "query": dict}
    fits = all(isinstance(place.get(name, kind()), kind) for name, kind in kinds.items())
    return fits and memory_bytes(place) <= _MOST_LOCATION_BYTES


def _is_callable(name: str) -> bool:
    own = ".ui___state___" in name
    return not name.endswith(".setvar") if own else name.startswith(_REFLEX) and name.endswith(_REFLEX_HANDLERS)


def _payload_limit(name: str) -> int | None:
    """Return the limit of an event's payload in bytes; None where the limit of the frame is enough."""
    short = name.rsplit("____", 1)[-1]
    return _LARGER_LIMITS.get(short, _MOST_EVENT_BYTES)


def _accepts_payload(registered: RegisteredEventHandler, payload: dict[str, Any], most: int) -> bool:
    """Tell whether a handler accepts these values."""
    hints, needed = _handler_parameters(registered.handler.fn)
    if not needed <= payload.keys() <= hints.keys() or memory_bytes(payload) > most:
        return False
    return all(
        _has_type(value, hints[name]) and (name != "vars" or _are_stored(value)) for name, value in payload.items()
    )


@functools.cache
def _handler_parameters(function: Callable[..., Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a handler's parameters with their types, and the names of the required ones."""
    parameters = {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}
    hints = typing.get_type_hints(function)
    needed = frozenset(name for name, one in parameters.items() if one.default is inspect.Parameter.empty)
    return {name: hints.get(name, Any) for name in parameters}, needed


def _has_type(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type, or what typing makes of one
    kind = typing.get_origin(hint) or hint
    if kind in (typing.Union, types.UnionType):
        return any(_has_type(value, one) for one in typing.get_args(hint))
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    # Other types, such as the chunks of an upload, are created on the server and never sent by a page.
    return kind is Any or (kind in (str, dict, list, bool, types.NoneType) and isinstance(value, kind))


def _are_stored(values: dict[str, Any] | None) -> bool:
    """Tell whether these are values of the page's client storage."""
    return all(name in _stored_names() and isinstance(value, str) for name, value in (values or {}).items())


@functools.cache
def _stored_names() -> frozenset[str]:
    states: list[type[BaseState]] = [State]
    names: set[str] = set()
    while states:
        state = states.pop()
        states += state.get_substates()
        kept = (name for name in state.vars if state._is_client_storage(name))
        names |= {f"{state.get_full_name()}.{name}{marker}" for name in kept for marker in ("", FIELD_MARKER)}
    return frozenset(names)
