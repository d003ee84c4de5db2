"""The state of the agents page: list, create, edit, enable, disable and delete agents."""

from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.client.errors import ClientError
from frontdesk.client.requests import Json
from frontdesk.contracts.resources import AgentInfo
from ui.state.api_requests import ApiRequests
from ui.view_models.agent_form import FIELDS, NEW, AgentDraft, agent_fields, draft_of, mistake_from


class AgentRow(TypedDict):
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

    rows: list[AgentRow] = []
    operator: bool = False
    draft: AgentDraft = NEW
    editing: bool = False
    saving: bool = False
    problem: str = ""
    problem_at: str = ""
    notice: str = ""

    # Agents whose switch is pending, with the last requested state.
    _requested: dict[str, bool] = {}

    @rx.var
    def is_new(self) -> bool:
        """True if the form is for a new agent."""
        return not self.draft["id"]

    @rx.var
    def folders(self) -> list[str]:
        """The folders that agents answer from so far."""
        return sorted({row["knowledge"] for row in self.rows})

    @rx.event(background=True)
    async def load_agents(self) -> None:
        """Load the agents and the user's permission to change them."""
        await self._call_api("agents", _load_data, self._show_data)

    @rx.event
    def open_empty_form(self) -> None:
        """Open an empty form."""
        self._abandon_form()
        self._open_form(NEW)

    @rx.event(background=True)
    async def open_agent(self, agent_id: str) -> Any:
        """Open the form of an agent, read-only for users who may not change it."""
        agent = await self._call_api(
            "form", lambda desk: desk.agent(agent_id), lambda agent: self._open_form(draft_of(agent))
        )
        return rx.set_focus("form-heading") if agent else None

    @rx.event(background=True)
    async def show_list(self) -> None:
        """Reset a page that is opened to the list, at once: before anybody can open a form."""
        async with self:
            self._abandon_form()
            self.editing, self.notice = False, ""

    @rx.event
    def leave_form(self) -> Any:
        """Return to the list without changes."""
        self._abandon_form()
        self.editing = False
        return rx.set_focus("agents-heading")

    @rx.event(background=True)
    async def save_form(self, form: dict[str, Any]) -> Any:
        """Save the form; a validation error is shown at the form, which keeps the input."""
        async with self:
            if self.saving:
                return None
            self.saving, self.problem, self.problem_at = True, "", ""
            agent_id, fields = self.draft["id"], agent_fields(form, self.draft)
        saved = await self._call_api(
            "save", lambda desk: _save_agent(desk, agent_id, fields), self._show_saved, self._show_refusal
        )
        async with self:
            wrong = self.problem_at
        if saved:
            return [rx.set_focus("agents-heading"), Agents.load_agents]
        # A user who has left the form meanwhile sees the outcome in the list.
        return rx.set_focus(f"agent-{wrong}") if wrong and wrong != "tools" else Agents.load_agents

    @rx.event(background=True)
    async def toggle_enabled(self, agent_id: str) -> Any:
        """Enable or disable an agent, shown at once; a disabled one is kept but not asked. The last click wins."""
        async with self:
            on = not any(row["enabled"] for row in self.rows if row["id"] == agent_id)
            is_under_way = agent_id in self._requested
            self._show_enabled(agent_id, on)
            self._requested[agent_id] = on
        if is_under_way:
            return None
        done = False
        while not done:
            agent = await self._call_api(f"switch {agent_id}", lambda desk, on=on: _set_enabled(desk, agent_id, on))
            async with self:
                requested = self._requested[agent_id]
                if done := agent is None or requested == on:
                    del self._requested[agent_id]
                    self._show_enabled(agent_id, on if agent else not on)
                    self.notice = f"{agent.name} is switched {'on' if on else 'off'}." if agent else ""
                on = requested
        return Agents.load_agents

    @rx.event(background=True)
    async def delete_agent(self, agent_id: str, name: str) -> Any:
        """Delete an agent; its documents stay."""

        def report_deleted(_: Json) -> None:
            self.notice = f"{name} is deleted."

        await self._call_api(f"delete {agent_id}", lambda desk: desk.delete_agent(agent_id), report_deleted)
        return Agents.load_agents

    def _show_data(self, found: AgentsData) -> None:
        self.operator, self.rows = found.operator, [_agent_row(agent) for agent in found.agents]
        for agent_id, on in self._requested.items():
            self._show_enabled(agent_id, on)

    def _show_enabled(self, agent_id: str, on: bool) -> None:
        self.rows = [{**one, "enabled": on} if one["id"] == agent_id else one for one in self.rows]

    def _abandon_form(self) -> None:
        """Ignore pending replies for the form that was open."""
        self._discard_replies("form")
        self._discard_replies("save")
        self.saving = False

    def _open_form(self, draft: AgentDraft) -> None:
        self.draft, self.editing, self.problem, self.problem_at, self.notice = draft, True, "", "", ""

    def _show_saved(self, agent: AgentInfo) -> None:
        self.editing, self.saving, self.notice = False, False, f"{agent.name} is saved."

    def _show_refusal(self, error: ClientError) -> None:
        self.saving = False
        self.problem_at, self.problem = mistake_from(error)


async def _load_data(desk: AsyncDesk) -> AgentsData:
    return AgentsData((await desk.agents()).agents, (await desk.info()).user.operator)


async def _save_agent(desk: AsyncDesk, agent_id: str, fields: Json) -> AgentInfo:
    return await (desk.replace_agent(agent_id, fields) if agent_id else desk.create_agent(fields))


async def _set_enabled(desk: AsyncDesk, agent_id: str, on: bool) -> AgentInfo:
    agent = await desk.agent(agent_id)
    return await desk.replace_agent(agent_id, agent.model_dump(include={*FIELDS}) | {"enabled": on})


def _agent_row(agent: AgentInfo) -> AgentRow:
    return AgentRow(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        strategy=agent.strategy or "",
        knowledge=agent.knowledge,
        model=agent.model or "Default",
        enabled=agent.enabled,
        changed=agent.origin == "api",
    )
