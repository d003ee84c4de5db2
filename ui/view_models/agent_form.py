"""The form of one agent: how it begins, what it says to the desk, and what the desk says of it in people's words."""

import re
from typing import Any, NamedTuple, TypedDict

from frontdesk.client.errors import DeskError
from frontdesk.contracts.resources import Agent

FIELDS = ("id", "name", "description", "examples", "strategy", "knowledge", "model", "tools", "prompt")
_TOOLS = ("search_documents", "hand_over")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_AT_MOST = re.compile(r"should have at most (\d+) ")
_PATTERNS = {
    "id": "An id begins with a small letter; small letters, digits and _ may follow, 48 in all.",
    "knowledge": "The name of a folder has small letters, digits, - and _, 63 in all, and begins with no - or _.",
}


class Draft(TypedDict):
    """An agent as its form begins; a new one has no id yet."""

    id: str
    name: str
    description: str
    examples: str
    strategy: str
    knowledge: str
    model: str
    tools: list[str]
    prompt: str
    enabled: bool


class Mistake(NamedTuple):
    """What is wrong, and the field that it is about, if it is about one."""

    field: str
    said: str


NEW = Draft(
    id="",
    name="",
    description="",
    examples="",
    strategy="rag",
    knowledge="",
    model="",
    tools=[],
    prompt="",
    enabled=True,
)


def draft_of(agent: Agent) -> Draft:
    """The form of an agent that is there."""
    return Draft(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        examples="\n".join(agent.examples),
        strategy=agent.strategy or "rag",
        knowledge=agent.knowledge,
        model=agent.model or "",
        tools=agent.tools,
        prompt=agent.prompt or "",
        enabled=agent.enabled,
    )


def described(form: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """What the form says, in the desk's words for an agent."""
    typed = {field: str(form.get(field) or "").strip() for field in FIELDS}
    return {
        **typed,
        "id": draft["id"] or typed["id"] or _NO_WORD.sub("_", typed["name"].lower()).strip("_")[:48],
        "examples": [line.strip() for line in typed["examples"].splitlines() if line.strip()],
        "model": typed["model"] or None,
        "tools": [tool for tool in _TOOLS if form.get(tool)],
        "enabled": draft["enabled"],
    }


def mistake(error: DeskError) -> Mistake:
    """A message of the desk begins with the field it is about, where it is about one."""
    if error.code == "agent_exists":
        return Mistake("id", "Another agent has this id already; choose another one.")
    where, _, what = error.message.partition(":")
    field, _, place = where.partition(".")
    if field not in FIELDS:
        return Mistake("", error.message)
    said = _in_words(field, what.strip(), one=bool(place))
    return Mistake(field, f"Question {int(place) + 1}: {said}" if place.isdigit() else said)


def _in_words(field: str, what: str, *, one: bool) -> str:
    """What a desk checks it says as a program does."""
    if found := _AT_MOST.search(what):
        most = int(found[1])
        return f"At most {most:,} {'questions' if field == 'examples' and not one else 'characters'}, please."
    if "should have at least" in what:
        return "It must not be empty."
    if "should match pattern" in what:
        return _PATTERNS.get(field, what)
    what = what.removeprefix("Value error, ")
    return f"It {what}" if what.startswith(("must ", "is ")) else what
