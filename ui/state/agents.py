"""The state of the agents page: list, create, edit, enable, disable and delete agents."""

from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.client.requests import Json
from frontdesk.contracts.resources import AgentInfo
from ui.state.api_requests import ApiRequests
from ui.view_models.agent_form import FIELDS, NEW, AgentDraft, described, draft_of, mistake


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


class AgentsData(NamedTuple):
    """All agents, and if the user may change them."""

    agents: list[AgentInfo]
    operator: bool


class Agents(ApiRequests, rx.State):
    """The list of agents, or the form of one agent in its place."""

    members: list[Member] = []
    operator: bool = False
    draft: AgentDraft = NEW
    editing: bool = False
    saving: bool = False
    problem: str = ""
    problem_at: str = ""
    said: str = ""

    # Agents whose switch is pending, with the last requested state.
    _wishes: dict[str, bool] = {}

    @rx.var
    def is_new(self) -> bool:
        """True if the form is for a new agent."""
        return not self.draft["id"]

    @rx.var
    def folders(self) -> list[str]:
        """The folders that agents answer from so far."""
        return sorted({member["knowledge"] for member in self.members})

    @rx.event(background=True)
    async def load(self) -> None:
        """Load the agents and the user's permission to change them."""
        await self._ask("agents", _look, self._show)

    @rx.event
    def begin_new(self) -> None:
        """Open an empty form."""
        self._turn_away()
        self._open(NEW)

    @rx.event(background=True)
    async def edit(self, agent_id: str) -> Any:
        """Open the form of an agent, read-only for users who may not change it."""
        agent = await self._ask("form", lambda desk: desk.agent(agent_id), lambda agent: self._open(draft_of(agent)))
        return rx.set_focus("form-heading") if agent else None

    @rx.event(background=True)
    async def arrive(self) -> None:
        """Reset a page that is opened to the list, at once: before anybody can open a form."""
        async with self:
            self._turn_away()
            self.editing, self.said = False, ""

    @rx.event
    def leave(self) -> Any:
        """Return to the list without changes."""
        self._turn_away()
        self.editing = False
        return rx.set_focus("agents-heading")

    @rx.event(background=True)
    async def save(self, form: dict[str, Any]) -> Any:
        """Save the form; a validation error is shown at the form, which keeps the input."""
        async with self:
            if self.saving:
                return None
            self.saving, self.problem, self.problem_at = True, "", ""
            agent_id, fields = self.draft["id"], described(form, self.draft)
        saved = await self._ask("save", lambda desk: _save(desk, agent_id, fields), self._saved, self._refused)
        async with self:
            wrong = self.problem_at
        if saved:
            return [rx.set_focus("agents-heading"), Agents.load]
        # A user who has left the form meanwhile sees the outcome in the list.
        return rx.set_focus(f"agent-{wrong}") if wrong and wrong != "tools" else Agents.load

    @rx.event(background=True)
    async def switch(self, agent_id: str) -> Any:
        """Enable or disable an agent, shown at once; a disabled one is kept but not asked. The last click wins."""
        async with self:
            on = not any(member["enabled"] for member in self.members if member["id"] == agent_id)
            is_under_way = agent_id in self._wishes
            self._turn(agent_id, on)
            self._wishes[agent_id] = on
        if is_under_way:
            return None
        done = False
        while not done:
            agent = await self._ask(f"switch {agent_id}", lambda desk, on=on: _switch(desk, agent_id, on))
            async with self:
                wish = self._wishes[agent_id]
                if done := agent is None or wish == on:
                    del self._wishes[agent_id]
                    self._turn(agent_id, on if agent else not on)
                    self.said = f"{agent.name} is switched {'on' if on else 'off'}." if agent else ""
                on = wish
        return Agents.load

    @rx.event(background=True)
    async def delete(self, agent_id: str, name: str) -> Any:
        """Delete an agent; its documents stay."""

        def deleted(_: Json) -> None:
            self.said = f"{name} is deleted."

        await self._ask(f"delete {agent_id}", lambda desk: desk.delete_agent(agent_id), deleted)
        return Agents.load

    def _show(self, found: AgentsData) -> None:
        self.operator, self.members = found.operator, [_member(agent) for agent in found.agents]
        for agent_id, on in self._wishes.items():
            self._turn(agent_id, on)

    def _turn(self, agent_id: str, on: bool) -> None:
        self.members = [{**one, "enabled": on} if one["id"] == agent_id else one for one in self.members]

    def _turn_away(self) -> None:
        """Ignore pending replies for the form that was open."""
        self._supersede("form")
        self._supersede("save")
        self.saving = False

    def _open(self, draft: AgentDraft) -> None:
        self.draft, self.editing, self.problem, self.problem_at, self.said = draft, True, "", "", ""

    def _saved(self, agent: AgentInfo) -> None:
        self.editing, self.saving, self.said = False, False, f"{agent.name} is saved."

    def _refused(self, error: ClientError) -> None:
        self.saving = False
        self.problem_at, self.problem = mistake(error)


async def _look(desk: AsyncDesk) -> AgentsData:
    return AgentsData((await desk.agents()).agents, (await desk.info()).user.operator)


async def _save(desk: AsyncDesk, agent_id: str, fields: Json) -> AgentInfo:
    return await (desk.replace_agent(agent_id, fields) if agent_id else desk.create_agent(fields))


async def _switch(desk: AsyncDesk, agent_id: str, on: bool) -> AgentInfo:
    agent = await desk.agent(agent_id)
    return await desk.replace_agent(agent_id, agent.model_dump(include={*FIELDS}) | {"enabled": on})


def _member(agent: AgentInfo) -> Member:
    return Member(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        strategy=agent.strategy or "",
        knowledge=agent.knowledge,
        model=agent.model or "the desk's own choice",
        enabled=agent.enabled,
        changed=agent.origin == "api",
    )
