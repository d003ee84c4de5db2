"""The state of the routing preview."""

from functools import partial
from typing import TypedDict

import reflex as rx

from frontdesk.client.errors import ClientError
from frontdesk.contracts.resources import RouteResponse
from ui.state.api_requests import ApiRequests


class PreviewRow(TypedDict):
    """An agent, and the part of the question that it would answer."""

    name: str
    question: str


class RoutePreview(ApiRequests, rx.State):
    """A question that is routed but not answered."""

    asking: bool = False
    asked: str = ""
    rows: list[PreviewRow] = []
    explanation: str = ""
    percent: int = 0
    by: str = ""
    problem: str = ""

    @rx.event(background=True)
    async def preview_route(self, form: dict[str, str]) -> None:
        """Route a question; this may call a model."""
        question = form.get("question", "").strip()
        async with self:
            if not question or self.asking:
                return
            self.asking, self.problem, self.asked = True, "", ""
        try:
            await self._call_api(
                "question", lambda desk: desk.route(question), partial(self._show_route, question), self._show_problem
            )
        finally:
            async with self:
                self.asking = False

    def _show_route(self, question: str, routed: RouteResponse) -> None:
        self.asked, self.percent = question, round(100 * routed.confidence)
        several = len(routed.agents) > 1
        self.rows = [PreviewRow(name=agent.name, question=agent.question if several else "") for agent in routed.agents]
        self.explanation = routed.reason + (" A person should take over." if routed.needs_human else "")
        self.by = " ".join(part for part in (routed.router, f"({routed.model})" if routed.model else "") if part)

    def _show_problem(self, error: ClientError) -> None:
        self.problem = error.message
