"""The state of the activity page: figures, latest runs and unanswered questions."""

import asyncio
import re
import time
from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.contracts.reports import Activity as Told
from frontdesk.contracts.reports import LatestRun, UnansweredQuestions
from frontdesk.contracts.resources import SUPERVISOR, Agent, Info
from ui.chat.conversation import page_path
from ui.state.api_requests import ApiRequests
from ui.state.handovers import Handovers
from ui.view_models import activity_charts
from ui.view_models.activity_charts import FigureView, Row, Series, TableView

DAYS = (7, 30, 90)
_USUAL, _MOST = 30, 92
_PAGE = 10
_QUESTIONS = 10
_DAYS = re.compile(r"[1-9]\d?", re.ASCII)
_EMPTY = TableView(head=[], rows=[])


class RunRow(TypedDict):
    """One of the latest runs, as the page shows it."""

    question: str
    path: str
    user: str
    agents: str
    status: str
    facts: str
    asked: str


class UnansweredRow(TypedDict):
    """A question that no document answers."""

    text: str
    times: str
    note: str


class ActivityData(NamedTuple):
    """The API's replies for the page: the report, the user, the agents and the unanswered questions."""

    told: Told
    info: Info
    agents: list[Agent]
    unanswered: UnansweredQuestions | None


class Activity(ApiRequests, rx.State):
    """The figures of a number of days, and a page of the latest runs."""

    days: int = _USUAL
    as_tables: bool = False
    loaded: str = ""
    operator: bool = False

    figures: list[FigureView] = []
    # The agents; `series` adds routing.
    answering: list[Series] = []
    series: list[Series] = []
    rows: list[Row] = []
    by_day: TableView = _EMPTY
    by_agent: TableView = _EMPTY
    any_runs: bool = False
    any_cost: bool = False
    any_tokens: bool = False
    any_without_answer: bool = False
    any_stand_ins: bool = False
    any_ratings: bool = False

    runs: list[RunRow] = []
    total: int = 0
    offset: int = 0
    questions: list[UnansweredRow] = []

    @rx.var
    def place(self) -> str:
        """The range of the latest runs that is shown."""
        return f"{self.offset + 1} to {self.offset + len(self.runs)} of {activity_charts.count(self.total)}"

    @rx.var
    def is_last(self) -> bool:
        """True if there are no older runs."""
        return self.offset + _PAGE >= self.total

    @rx.event
    def load(self) -> Any:
        """Load the number of days that the address asks for."""
        days = _days(self.router.url.query_parameters.get("days", ""))
        if days != self.days:
            self.days, self.offset = days, 0
        return [Activity.refresh, Handovers.load]

    @rx.event(background=True)
    async def refresh(self) -> None:
        """Reload the figures."""
        async with self:
            days, offset = self.days, self.offset
        await self._ask("figures", lambda desk: _look(desk, days, offset), self._show)

    @rx.event
    def turn(self, pages: int) -> Any:
        """Turn to older or newer runs."""
        self.offset = max(0, self.offset + pages * _PAGE)
        return Activity.refresh

    @rx.event
    def toggle_tables(self) -> None:
        """Switch between charts and tables."""
        self.as_tables = not self.as_tables

    def _show(self, found: ActivityData) -> None:
        told, info = found.told, found.info
        names = {agent.id: agent.name for agent in found.agents}
        now, totals = time.time(), told.totals
        self.operator = info.user.operator
        self.figures = activity_charts.figures(totals)
        self.answering = activity_charts.series(told.agents, names)
        self.series = [*self.answering, *activity_charts.routing(told.agents)]
        self.rows = activity_charts.rows(told)
        self.by_day, self.by_agent = activity_charts.by_day(told, names), activity_charts.by_agent(told, names)
        self.any_runs, self.any_cost, self.any_tokens = totals.runs > 0, totals.cost_usd > 0, totals.tokens > 0
        self.any_without_answer = totals.declined + totals.failed + totals.cancelled > 0
        self.any_stand_ins = totals.fallbacks + totals.reduced > 0
        self.any_ratings = totals.up + totals.down > 0
        self.runs, self.total = [_run(run, info, names, now) for run in told.runs], told.total
        self.questions = _questions(found.unanswered, names, now) if found.unanswered else []
        self.loaded = time.strftime("%H:%M UTC", time.gmtime(now))


async def _look(desk: AsyncDesk, days: int, offset: int) -> ActivityData:
    told, info, all_agents = await asyncio.gather(desk.activity(days, _PAGE, offset), desk.info(), desk.agents())
    unanswered = await desk.unanswered(days, _QUESTIONS) if info.user.operator else None
    return ActivityData(told, info, all_agents.agents, unanswered)


def _days(said: str) -> int:
    """Parse the number of days; fall back to the default, as an address may hold anything."""
    return int(said) if _DAYS.fullmatch(said) and int(said) <= _MOST else _USUAL


def _run(run: LatestRun, info: Info, names: dict[str, str], now: float) -> RunRow:
    cost = [activity_charts.money(run.cost_usd)] if run.cost_usd else []
    tokens = [f"{activity_charts.count(run.tokens)} tokens"] if run.tokens else []
    took = [activity_charts.seconds(run.time)] if run.time is not None else []
    return RunRow(
        question=run.question,
        # Users may not read the conversations of others.
        path=_path(run) if run.user_id == info.user.id else "",
        user="" if run.user_id == info.user.id else run.user_id,
        agents=", ".join(names.get(agent, agent) for agent in run.agents),
        status=_status(run),
        facts=" · ".join([*tokens, *cost, *took]),
        asked=activity_charts.ago(run.created_at, now),
    )


def _path(run: LatestRun) -> str:
    """Return the path of the run's conversation, or an empty string if it cannot be read."""
    agent = "" if run.agent_id == SUPERVISOR else run.agent_id
    return page_path(run.session_id, agent) if run.session_id else ""


def _status(run: LatestRun) -> str:
    if run.finish_reason == "declined":
        return "not known"
    return {"completed": "answered", "cancelled": "stopped", "queued": "waiting", "in_progress": "under way"}.get(
        run.status, run.status
    )


def _questions(told: UnansweredQuestions, names: dict[str, str], now: float) -> list[UnansweredRow]:
    return [
        UnansweredRow(
            text=one.question,
            times="once" if one.times == 1 else f"{activity_charts.count(one.times)} times",
            note=", ".join(
                part for part in (names.get(one.agent or "", ""), activity_charts.ago(one.last_asked_at, now)) if part
            ),
        )
        for one in told.questions
    ]
