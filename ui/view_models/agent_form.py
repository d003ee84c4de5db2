"""The form of one agent: its initial values, the request made of it, and the API's errors in plain words."""

import re
from typing import Any, NamedTuple, TypedDict

from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import AgentInfo

FIELDS = ("id", "name", "description", "examples", "strategy", "knowledge", "model", "tools", "prompt", "cache")
_TOOLS = ("search_documents", "hand_over")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_AT_MOST = re.compile(r"should have at most (\d+) ")
_PATTERNS = {
    "id": "An id begins with a small letter; small letters, digits and _ may follow, 48 in all.",
    "knowledge": "The name of a folder has small letters, digits, - and _, 63 in all, and begins with no - or _.",
}


class AgentDraft(TypedDict):
    """The initial values of an agent's form; a new agent has no id yet."""

    id: str
    name: str
    description: str
    examples: str
    strategy: str
    knowledge: str
    model: str
    tools: list[str]
    prompt: str
    cache: str
    enabled: bool


class Mistake(NamedTuple):
    """A validation error and the field that it belongs to, if any."""

    field: str
    text: str


NEW = AgentDraft(
    id="",
    name="",
    description="",
    examples="",
    strategy="rag",
    knowledge="",
    model="",
    tools=[],
    prompt="",
    cache="off",
    enabled=True,
)


def draft_of(agent: AgentInfo) -> AgentDraft:
    """Return the form values of an existing agent."""
    return AgentDraft(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        examples="\n".join(agent.examples),
        strategy=agent.strategy or "rag",
        knowledge=agent.knowledge,
        model=agent.model or "",
        tools=agent.tools,
        prompt=agent.prompt or "",
        cache=agent.cache or "off",
        enabled=agent.enabled,
    )


def agent_fields(form: dict[str, Any], draft: AgentDraft) -> dict[str, Any]:
    """Convert the submitted form to the API's fields of an agent."""
    typed = {field: str(form.get(field) or "").strip() for field in FIELDS}
    return {
        **typed,
        "id": draft["id"] or typed["id"] or _NO_WORD.sub("_", typed["name"].lower()).strip("_")[:48],
        "examples": [line.strip() for line in typed["examples"].splitlines() if line.strip()],
        "model": typed["model"] or None,
        "cache": typed["cache"] or "off",
        "tools": [tool for tool in _TOOLS if form.get(tool)],
        "enabled": draft["enabled"],
    }


def mistake_from(error: ClientError) -> Mistake:
    """Convert an API error: its message begins with the field that it is about, if there is one."""
    if error.code == "agent_exists":
        return Mistake("id", "Another agent has this id already; choose another one.")
    where, _, what = error.message.partition(":")
    field, _, place = where.partition(".")
    if field not in FIELDS:
        return Mistake("", error.message)
    text = _in_words(field, what.strip(), one=bool(place))
    return Mistake(field, f"Question {int(place) + 1}: {text}" if place.isdigit() else text)


def _in_words(field: str, what: str, *, one: bool) -> str:
    """Rephrase the API's validation messages, which are worded for programs."""
    if found := _AT_MOST.search(what):
        most = int(found[1])
        return f"At most {most:,} {'questions' if field == 'examples' and not one else 'characters'}, please."
    if "should have at least" in what:
        return "It must not be empty."
    if "should match pattern" in what:
        return _PATTERNS.get(field, what)
    what = what.removeprefix("Value error, ")
    return f"It {what}" if what.startswith(("must ", "is ")) else what
