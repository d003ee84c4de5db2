"""What the desk has done, on the page."""

import asyncio
import time
from typing import Any, TypedDict

import reflex as rx

from ui import charting
from ui.charting import Figure, Row, Series, Table
from ui.client import AsyncDesk
from ui.errors import DeskError
from ui.reports import LatestRun, UnansweredQuestions
from ui.shapes import Info
from ui.state.handovers import Handovers
from ui.state.session import Session

_PAGE = 10
_QUESTIONS = 10
_EMPTY = Table(head=[], rows=[])


class Run(TypedDict):
    """One of the latest."""

    question: str
    path: str
    user: str
    agents: str
    status: str
    facts: str
    asked: str


class Question(TypedDict):
    """What no document answers."""

    text: str
    times: str
    note: str


class Activity(rx.State):
    """Figures of some days, and a page of the latest runs."""

    days: int = 30
    as_tables: bool = False
    loaded: str = ""
    operator: bool = False

    figures: list[Figure] = []
    # Those who answer, and with them what routing took.
    answering: list[Series] = []
    series: list[Series] = []
    rows: list[Row] = []
    by_day: Table = _EMPTY
    by_agent: Table = _EMPTY
    any_runs: bool = False
    any_cost: bool = False
    any_tokens: bool = False
    any_without_answer: bool = False
    any_stand_ins: bool = False
    any_ratings: bool = False

    runs: list[Run] = []
    total: int = 0
    offset: int = 0
    questions: list[Question] = []

    @rx.var
    def place(self) -> str:
        """Which of the latest runs are shown."""
        return f"{self.offset + 1} to {self.offset + len(self.runs)} of {charting.count(self.total)}"

    @rx.var
    def is_last(self) -> bool:
        """Whether there are no older ones."""
        return self.offset + _PAGE >= self.total

    @rx.event
    async def load(self) -> Any:
        """As it is now."""
        session = await self.get_state(Session)
        if session.needs_key:
            return None
        try:
            async with session.desk() as desk:
                await self._fetch(desk, session.names)
        except DeskError as error:
            session.trouble = error.message
            return None
        return Handovers.load

    @rx.event
    def choose(self, days: int) -> Any:
        """Another number of days."""
        self.days, self.offset = days, 0
        return Activity.load

    @rx.event
    def turn(self, pages: int) -> Any:
        """Older runs, or newer ones."""
        self.offset = max(0, self.offset + pages * _PAGE)
        return Activity.load

    @rx.event
    def toggle_tables(self) -> None:
        """Charts, or the same as tables."""
        self.as_tables = not self.as_tables

    async def _fetch(self, desk: AsyncDesk, names: dict[str, str]) -> None:
        told, info = await asyncio.gather(desk.activity(self.days, _PAGE, self.offset), desk.info())
        now, totals = time.time(), told.totals
        self.operator = info.user.operator
        self.figures = charting.figures(totals)
        self.answering = charting.series(told.agents, names)
        self.series = [*self.answering, *charting.routing(told.agents)]
        self.rows = charting.rows(told)
        self.by_day, self.by_agent = charting.by_day(told, names), charting.by_agent(told, names)
        self.any_runs, self.any_cost, self.any_tokens = totals.runs > 0, totals.cost_usd > 0, totals.tokens > 0
        self.any_without_answer = totals.declined + totals.failed + totals.cancelled > 0
        self.any_stand_ins = totals.fallbacks + totals.reduced > 0
        self.any_ratings = totals.up + totals.down > 0
        self.runs, self.total = [_run(run, info, names, now) for run in told.runs], told.total
        unanswered = await desk.unanswered(self.days, _QUESTIONS) if self.operator else None
        self.questions = _questions(unanswered, names, now) if unanswered else []
        self.loaded = time.strftime("%H:%M UTC", time.gmtime(now))


def _run(run: LatestRun, info: Info, names: dict[str, str], now: float) -> Run:
    cost = [charting.money(run.cost_usd)] if run.cost_usd else []
    tokens = [f"{charting.count(run.tokens)} tokens"] if run.tokens else []
    took = [charting.seconds(run.time)] if run.time is not None else []
    return Run(
        question=run.question,
        # Nobody may read the conversations of others.
        path=f"/c/{run.session_id}" if run.session_id and run.user_id == info.user.id else "",
        user="" if run.user_id == info.user.id else run.user_id,
        agents=", ".join(names.get(agent, agent) for agent in run.agents),
        status=_status(run),
        facts=" · ".join([*tokens, *cost, *took]),
        asked=charting.ago(run.created_at, now),
    )


def _status(run: LatestRun) -> str:
    if run.finish_reason == "declined":
        return "not known"
    return {"completed": "answered", "cancelled": "stopped", "queued": "waiting", "in_progress": "under way"}.get(
        run.status, run.status
    )


def _questions(told: UnansweredQuestions, names: dict[str, str], now: float) -> list[Question]:
    return [
        Question(
            text=one.question,
            times="once" if one.times == 1 else f"{charting.count(one.times)} times",
            note=", ".join(
                part for part in (names.get(one.agent or "", ""), charting.ago(one.last_asked_at, now)) if part
            ),
        )
        for one in told.questions
    ]
