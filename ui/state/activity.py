"""The state of the activity page: figures, latest runs and unanswered questions."""

import asyncio
import re
import time
from typing import Any, NamedTuple, TypedDict

import reflex as rx

from frontdesk import AsyncDesk
from frontdesk.contracts.reports import ActivityReport, LatestRun, Unanswered, UnansweredPage
from frontdesk.contracts.resources import SUPERVISOR, AgentInfo, Info
from ui.chat.conversation import page_path
from ui.state.api_requests import ApiRequests
from ui.state.handoffs import Handoffs
from ui.view_models import activity_charts
from ui.view_models.activity_charts import FigureView, Row, Series, TableView

DAYS = (7, 30, 90)
_USUAL, _MOST = 30, 92
_PAGE = 10
_QUESTIONS = 10
_DAYS = re.compile(r"[1-9]\d?", re.ASCII)
_EMPTY = TableView(head=[], rows=[])
_UNANSWERED = {"declined": "not known", "hedged": "nearest match"}


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

    report: ActivityReport
    info: Info
    agents: list[AgentInfo]
    unanswered: UnansweredPage | None


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
    def shown_range(self) -> str:
        """The range of the latest runs that is shown."""
        return f"{self.offset + 1} to {self.offset + len(self.runs)} of {activity_charts.format_count(self.total)}"

    @rx.var
    def is_last(self) -> bool:
        """True if there are no older runs."""
        return self.offset + _PAGE >= self.total

    @rx.event
    def load_days(self) -> Any:
        """Load the number of days that the address asks for."""
        days = _parse_days(self.router.url.query_parameters.get("days", ""))
        if days != self.days:
            self.days, self.offset = days, 0
        return [Activity.load_figures, Handoffs.load_lists]

    @rx.event(background=True)
    async def load_figures(self) -> None:
        """Reload the figures."""
        async with self:
            days, offset = self.days, self.offset
        await self._call_api("figures", lambda desk: _load_data(desk, days, offset), self._show_data)

    @rx.event
    def turn_page(self, pages: int) -> Any:
        """Turn to older or newer runs."""
        self.offset = max(0, self.offset + pages * _PAGE)
        return Activity.load_figures

    @rx.event
    def toggle_tables(self) -> None:
        """Switch between charts and tables."""
        self.as_tables = not self.as_tables

    def _show_data(self, found: ActivityData) -> None:
        report, info = found.report, found.info
        names = {agent.id: agent.name for agent in found.agents}
        now, totals = time.time(), report.totals
        self.operator = info.user.operator
        self.figures = activity_charts.total_figures(totals)
        self.answering = activity_charts.agent_series(report.agents, names)
        self.series = [*self.answering, *activity_charts.routing_series(report.agents)]
        self.rows = activity_charts.day_rows(report)
        self.by_day, self.by_agent = (
            activity_charts.table_by_day(report, names),
            activity_charts.table_by_agent(report, names),
        )
        self.any_runs, self.any_cost, self.any_tokens = totals.runs > 0, totals.cost_usd > 0, totals.tokens > 0
        self.any_without_answer = totals.declined + totals.hedged + totals.failed + totals.cancelled > 0
        self.any_stand_ins = totals.fallbacks + totals.reduced > 0
        self.any_ratings = totals.up + totals.down > 0
        self.runs, self.total = [_run_row(run, info, names, now) for run in report.runs], report.total
        self.questions = _unanswered_rows(found.unanswered, names, now) if found.unanswered else []
        self.loaded = time.strftime("%H:%M UTC", time.gmtime(now))


async def _load_data(desk: AsyncDesk, days: int, offset: int) -> ActivityData:
    report, info, all_agents = await asyncio.gather(desk.activity(days, _PAGE, offset), desk.info(), desk.agents())
    unanswered = await desk.unanswered(days, _QUESTIONS) if info.user.operator else None
    return ActivityData(report, info, all_agents.agents, unanswered)


def _parse_days(text: str) -> int:
    """Parse the number of days; fall back to the default, as an address may hold anything."""
    return int(text) if _DAYS.fullmatch(text) and int(text) <= _MOST else _USUAL


def _run_row(run: LatestRun, info: Info, names: dict[str, str], now: float) -> RunRow:
    cost = [activity_charts.format_usd(run.cost_usd)] if run.cost_usd else []
    tokens = [f"{activity_charts.format_count(run.tokens)} tokens"] if run.tokens else []
    took = [activity_charts.format_seconds(run.time)] if run.time is not None else []
    return RunRow(
        question=run.question,
        # Users may not read the conversations of others.
        path=_conversation_path(run) if run.user_id == info.user.id else "",
        user="" if run.user_id == info.user.id else run.user_id,
        agents=", ".join(names.get(agent, agent) for agent in run.agents),
        status=_status_text(run),
        facts=" · ".join([*tokens, *cost, *took]),
        asked=activity_charts.format_age(run.created_at, now),
    )


def _conversation_path(run: LatestRun) -> str:
    """Return the path of the run's conversation, or an empty string if it cannot be read."""
    agent = "" if run.agent_id == SUPERVISOR else run.agent_id
    return page_path(run.session_id, agent) if run.session_id else ""


def _status_text(run: LatestRun) -> str:
    if run.finish_reason in _UNANSWERED:
        return _UNANSWERED[run.finish_reason]
    return {"completed": "answered", "cancelled": "stopped", "queued": "waiting", "in_progress": "under way"}.get(
        run.status, run.status
    )


def _hedged_text(one: Unanswered) -> str:
    """Tell how often the nearest match was shown, if it was."""
    if one.hedged in (0, one.times):
        return "nearest match shown" if one.hedged else ""
    return f"nearest match shown {activity_charts.format_count(one.hedged)}×"


def _unanswered_rows(report: UnansweredPage, names: dict[str, str], now: float) -> list[UnansweredRow]:
    return [
        UnansweredRow(
            text=one.question,
            times=f"{activity_charts.format_count(one.times)}×",
            note=", ".join(
                part
                for part in (
                    names.get(one.agent or "", ""),
                    activity_charts.format_age(one.last_asked_at, now),
                    _hedged_text(one),
                )
                if part
            ),
        )
        for one in report.questions
    ]
