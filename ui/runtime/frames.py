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
_DEEPEST = 12
# In bytes of memory. Most events carry an id or the text of a search.
_MOST_OF_AN_EVENT = 8_192
# Small, as Reflex keeps several copies of a page's location.
_MOST_OF_A_PLACE = 6_144
_NODE_BYTES = 64
_MOST_TO_CONNECT = 49_152
_REFLEX = "reflex___"
# The only built-in or generated handlers of Reflex that pages call.
_OF_REFLEX = (
    ".hydrate",
    ".hydrate_and_load",
    ".on_load_internal",
    ".set_is_hydrated",
    ".update_vars_internal",
    ".handle_frontend_exception",
)
# Events with a larger limit in bytes; None is limited only by the size of the frame.
_LARGER: dict[str, int | None] = {
    "chat.ask": None,
    "chat.edit": None,
    "chat.send": None,
    "chat.rate": 32_768,
    "handovers.resolve": 32_768,
    "handover_form.send": 32_768,
    "source_viewer.open_source": None,
    "agents.save": None,
    "uploads.refuse": 65_536,
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
            return self._connect(text)
        return self._event(text) if text.startswith(f"42{NAMESPACE},") else "close"

    def _connect(self, text: str) -> Verdict:
        """Validate the connect frame, which may carry the page's first event; allowed only once."""
        found = _CONNECT.fullmatch(text)
        said = _read(found[1] or "{}") if found else None
        if not isinstance(said, dict) or ("event" in said and not self._fits(said["event"])):
            return "close"
        if not isinstance(said.get("state_schema", ""), str | None) or weight(said) > _MOST_TO_CONNECT:
            return "close"
        self._is_connected = True
        return "pass"

    def _event(self, text: str) -> Verdict:
        said = _read(text[len(NAMESPACE) + 3 :])
        if not isinstance(said, list):
            return "close"
        match said:
            case ["ping"]:
                return "pass"
            case ["client_error", dict() as told]:
                return "pass" if weight(told) <= _MOST_OF_AN_EVENT else "leave out"
            case ["event", dict() as event]:
                return "pass" if self._fits(event) else "leave out"
            case _:
                return "leave out"

    def _fits(self, event: object) -> bool:
        match {"payload": {}, "router_data": {}} | event if isinstance(event, dict) else None:
            case {"name": str() as name, "payload": dict() as payload, "router_data": dict() as place}:
                handler = self.known.event_handlers.get(name) if _may_be_called(name) else None
                most = _most_of(name) or 4 * self.most_bytes
                return bool(handler and _takes(handler, payload, most)) and _is_place(place)
            case _:
                return False


def weight(value: object) -> int:
    """Estimate the memory that a JSON value takes, in bytes."""
    total, level = 0, [value]
    while level:
        total += sum(sys.getsizeof(one) if isinstance(one, str) else _NODE_BYTES for one in level)
        level = [inner for one in level for inner in _inside(one)]
    return total


def _inside(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _read(text: str) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON; return None if it is invalid or nested too deeply."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    level, deep = [value], 0
    while level := [inner for one in level for inner in _inside(one)]:
        deep += 1
        if deep > _DEEPEST:
            return None
    return value


def _is_place(place: dict[str, Any]) -> bool:
    """Tell whether this is a valid location of a page."""
    kinds: dict[str, type] = {"pathname": str, "asPath": str, "query": dict}
    fits = all(isinstance(place.get(name, kind()), kind) for name, kind in kinds.items())
    return fits and weight(place) <= _MOST_OF_A_PLACE


def _may_be_called(name: str) -> bool:
    own = ".ui___state___" in name
    return not name.endswith(".setvar") if own else name.startswith(_REFLEX) and name.endswith(_OF_REFLEX)


def _most_of(name: str) -> int | None:
    """Return the limit of an event's payload in bytes; None where the limit of the frame is enough."""
    short = name.rsplit("____", 1)[-1]
    return _LARGER.get(short, _MOST_OF_AN_EVENT)


def _takes(registered: RegisteredEventHandler, payload: dict[str, Any], most: int) -> bool:
    """Tell whether a handler accepts these values."""
    hints, needed = _arguments(registered.handler.fn)
    if not needed <= payload.keys() <= hints.keys() or weight(payload) > most:
        return False
    return all(_is_of(value, hints[name]) and (name != "vars" or _are_kept(value)) for name, value in payload.items())


@functools.cache
def _arguments(function: Callable[..., Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Return a handler's parameters with their types, and the names of the required ones."""
    parameters = {name: one for name, one in inspect.signature(function).parameters.items() if name != "self"}
    hints = typing.get_type_hints(function)
    needed = frozenset(name for name, one in parameters.items() if one.default is inspect.Parameter.empty)
    return {name: hints.get(name, Any) for name in parameters}, needed


def _is_of(value: object, hint: Any) -> bool:  # noqa: ANN401 - a type, or what typing makes of one
    kind = typing.get_origin(hint) or hint
    if kind in (typing.Union, types.UnionType):
        return any(_is_of(value, one) for one in typing.get_args(hint))
    if kind in (int, float):
        return isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
    # Other types, such as the chunks of an upload, are created on the server and never sent by a page.
    return kind is Any or (kind in (str, dict, list, bool, types.NoneType) and isinstance(value, kind))


def _are_kept(values: dict[str, Any] | None) -> bool:
    """Tell whether these are values of the page's client storage."""
    return all(name in _kept() and isinstance(value, str) for name, value in (values or {}).items())


@functools.cache
def _kept() -> frozenset[str]:
    states: list[type[BaseState]] = [State]
    names: set[str] = set()
    while states:
        state = states.pop()
        states += state.get_substates()
        kept = (name for name in state.vars if state._is_client_storage(name))
        names |= {f"{state.get_full_name()}.{name}{marker}" for name in kept for marker in ("", FIELD_MARKER)}
    return frozenset(names)
