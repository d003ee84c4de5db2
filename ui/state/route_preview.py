"""The state of the routing preview."""

from functools import partial
from typing import TypedDict

import reflex as rx

from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import RouteResponse
from ui.state.api_requests import ApiRequests


class Taker(TypedDict):
    """An agent, and the part of the question that it would answer."""

    name: str
    question: str


class RoutePreview(ApiRequests, rx.State):
    """A question that is routed but not answered."""

    asking: bool = False
    asked: str = ""
    takers: list[Taker] = []
    told: str = ""
    percent: int = 0
    by: str = ""
    problem: str = ""

    @rx.event(background=True)
    async def ask(self, form: dict[str, str]) -> None:
        """Route a question; this may call a model."""
        question = form.get("question", "").strip()
        async with self:
            if not question or self.asking:
                return
            self.asking, self.problem, self.asked = True, "", ""
        try:
            await self._ask("question", lambda desk: desk.route(question), partial(self._show, question), self._fail)
        finally:
            async with self:
                self.asking = False

    def _show(self, question: str, routed: RouteResponse) -> None:
        self.asked, self.percent = question, round(100 * routed.confidence)
        several = len(routed.agents) > 1
        self.takers = [Taker(name=agent.name, question=agent.question if several else "") for agent in routed.agents]
        self.told = routed.reason + (" A person should take over." if routed.needs_human else "")
        self.by = " ".join(part for part in (routed.router, f"({routed.model})" if routed.model else "") if part)

    def _fail(self, error: ClientError) -> None:
        self.problem = error.message
