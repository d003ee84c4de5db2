"""The agents of the desk: listed, made, changed, switched off, deleted."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

import reflex as rx

from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.shapes import Agent
from ui.state.session import Session

_FIELDS = ("id", "name", "description", "examples", "strategy", "knowledge", "model", "tools", "prompt")
_TOOLS = ("search_documents", "hand_over")
_NO_WORD = re.compile(r"[^a-z0-9]+")


class Member(TypedDict):
    """An agent as the list shows it."""

    id: str
    name: str
    description: str
    strategy: str
    knowledge: str
    model: str
    enabled: bool
    changed: bool


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


_NEW = Draft(
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


class Staff(rx.State):
    """The list, or the form of one agent in its place."""

    members: list[Member] = []
    operator: bool = False
    draft: Draft = _NEW
    editing: bool = False
    saving: bool = False
    problem: str = ""
    problem_at: str = ""
    said: str = ""

    @rx.var
    def is_new(self) -> bool:
        """Whether the form is for an agent that is not there yet."""
        return not self.draft["id"]

    @rx.var
    def folders(self) -> list[str]:
        """What agents answer from so far."""
        return sorted({member["knowledge"] for member in self.members})

    @rx.event
    async def load(self) -> None:
        """Who the visitor is to the desk, and who answers there."""
        self.editing = False
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                self.operator = (await desk.info()).user.operator
                self.members = [_member(agent) for agent in (await desk.agents()).agents]
        except DeskError as error:
            self._complain(session, error)

    @rx.event
    def begin_new(self) -> None:
        """An empty form."""
        self._open(_NEW)

    @rx.event
    async def edit(self, agent_id: str) -> None:
        """A form with what the agent is; without leave to change it, to be read."""
        session = await self.get_state(Session)
        try:
            async with session.desk() as desk:
                self._open(_draft(await desk.agent(agent_id)))
        except DeskError as error:
            self._complain(session, error)

    @rx.event
    def leave(self) -> None:
        """Back to the list; nothing is changed."""
        self.editing, self.problem, self.problem_at = False, "", ""

    @rx.event
    async def save(self, form: dict[str, Any]) -> Any:
        """What is refused is said at the form, which keeps what was typed."""
        session, draft = await self.get_state(Session), self.draft
        self.problem = self.problem_at = ""
        described = _described(form, draft)
        try:
            async with session.desk() as desk:
                if draft["id"]:
                    await desk.replace_agent(draft["id"], described)
                else:
                    await desk.create_agent(described)
        except DeskError as error:
            self._refused(error.message)
            return None
        self.editing, self.said = False, f"{described['name']} is saved."
        return [Staff.load, Session.begin]

    @rx.event
    async def switch(self, agent_id: str) -> Any:
        """On or off; who is off is kept, and asked nothing."""

        async def turned(desk: AsyncDesk) -> None:
            agent = await desk.agent(agent_id)
            fields = agent.model_dump(include={*_FIELDS}) | {"enabled": not agent.enabled}
            await desk.replace_agent(agent_id, fields)
            self.said = f"{agent.name} is switched {'off' if agent.enabled else 'on'}."

        return await self._do(turned)

    @rx.event
    async def delete(self, agent_id: str, name: str) -> Any:
        """Its documents stay."""

        async def deleted(desk: AsyncDesk) -> None:
            await desk.delete_agent(agent_id)
            self.said = f"{name} is deleted."

        return await self._do(deleted)

    async def _do(self, change: Callable[[AsyncDesk], Awaitable[None]]) -> Any:
        session = await self.get_state(Session)
        session.trouble = ""
        try:
            async with session.desk() as desk:
                await change(desk)
        except DeskError as error:
            self._complain(session, error)
            return None
        return [Staff.load, Session.begin]

    def _open(self, draft: Draft) -> None:
        self.draft, self.editing, self.problem, self.problem_at, self.said = draft, True, "", "", ""

    def _refused(self, message: str) -> None:
        """A message of the desk begins with the field it is about, where it is about one."""
        where, _, what = message.partition(":")
        field = where.split(".")[0].strip()
        self.problem_at = field if field in _FIELDS else ""
        self.problem = what.strip() if self.problem_at else message

    def _complain(self, session: Session, error: DeskError) -> None:
        session.needs_key = session.needs_key or error.code == "key_refused"
        session.trouble = "" if session.needs_key else error.message


def _member(agent: Agent) -> Member:
    return Member(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        strategy=agent.strategy,
        knowledge=agent.knowledge,
        model=agent.model or "the desk's own choice",
        enabled=agent.enabled,
        changed=agent.origin == "api",
    )


def _draft(agent: Agent) -> Draft:
    return Draft(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        examples="\n".join(agent.examples),
        strategy=agent.strategy,
        knowledge=agent.knowledge,
        model=agent.model or "",
        tools=agent.tools,
        prompt=agent.prompt,
        enabled=agent.enabled,
    )


def _described(form: dict[str, Any], draft: Draft) -> dict[str, Any]:
    """What the form says, in the desk's words for an agent."""
    typed = {field: str(form.get(field) or "").strip() for field in _FIELDS}
    return {
        **typed,
        "id": draft["id"] or typed["id"] or _NO_WORD.sub("_", typed["name"].lower()).strip("_")[:48],
        "examples": [line.strip() for line in typed["examples"].splitlines() if line.strip()],
        "model": typed["model"] or None,
        "tools": [tool for tool in _TOOLS if form.get(tool)],
        "enabled": draft["enabled"],
    }
