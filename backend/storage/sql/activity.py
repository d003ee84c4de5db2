"""Activity figures in SQL: a row for each run that has ended and for each agent's part in it, and their sums."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.direct_completion import LLM
from agents.graph.supervisor import SUPERVISOR
from backend.runs.indexing_job import INDEXING
from backend.storage.activity import (
    DAY_SECONDS,
    ActivitySummary,
    AgentShare,
    DaySummary,
    RecentRun,
    RunFigures,
)
from backend.storage.spending import day_of
from knowledge.storage.database import Connection, Database, Row

Times = NDArray[np.int64]

# The agent of the row for a whole run.
_WHOLE = ""
_COUNTED = "runs completed failed cancelled declined hedged tokens cost_usd fallbacks reduced up down cached".split()


class SqlActivityStore:
    """The SQL implementation of `ActivityStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_summary(self, user_id: str | None, days: int, now: float) -> ActivitySummary:
        return await self._database.read(lambda db: _summary(db, user_id, days, now), long=True)

    async def latest_runs(
        self, user_id: str | None, since: float, limit: int, offset: int
    ) -> tuple[int, list[RecentRun]]:
        return await self._database.read(lambda db: _latest_runs(db, user_id, since, limit, offset), long=True)


def create_activity_table(db: Connection) -> None:
    """Create the activity table and fill it from the existing runs; index runs by when they were asked."""
    for statement in (
        "ALTER TABLE steps ADD COLUMN fallback INTEGER",
        """CREATE TABLE activity (
            day INTEGER NOT NULL, agent TEXT NOT NULL, run_id TEXT NOT NULL REFERENCES runs (id), user_id TEXT NOT NULL,
            outcome TEXT NOT NULL, tokens INTEGER NOT NULL, cost_usd REAL NOT NULL, first_token_ms INTEGER,
            whole_ms INTEGER NOT NULL, fallback INTEGER NOT NULL, reduced INTEGER NOT NULL, rating TEXT,
            PRIMARY KEY (day, agent, run_id)) WITHOUT ROWID""",
        "CREATE INDEX activity_by_run ON activity (run_id)",
        "CREATE INDEX runs_by_time ON runs (created_at, agent_id)",
        "CREATE INDEX runs_by_user ON runs (user_id, created_at, agent_id)",
        _ADD_RUNS,
        _ADD_PARTS.format(which=""),
    ):
        db.execute(statement)


def count_cached_answers(db: Connection) -> None:
    """Add to each row whether the run was answered from the cache."""
    db.execute("ALTER TABLE activity ADD COLUMN cached INTEGER NOT NULL DEFAULT 0")


def record_run(db: Connection, run_id: str, *, cached: bool = False) -> None:
    """Add the rows of a run that has ended."""
    db.execute(f"{_ADD_RUNS} AND runs.id = ?", (run_id,))
    db.execute(_ADD_PARTS.format(which="AND whole.run_id = ?"), (run_id,))
    if cached:
        db.execute("UPDATE activity SET cached = 1 WHERE run_id = ?", (run_id,))


def rate_run(db: Connection, run_id: str, rating: str) -> None:
    """Store the rating of a run's answer in its rows."""
    db.execute("UPDATE activity SET rating = ? WHERE run_id = ?", (rating, run_id))


@dataclass
class RunSums:
    """Sums over some runs, and the times that they took."""

    counted: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_COUNTED, 0))
    first_token_ms: list[Times] = field(default_factory=list)
    whole_ms: list[Times] = field(default_factory=list)

    def add(self, sums: "AgentDaySums") -> None:
        """Add the sums of one agent and day."""
        for name in _COUNTED:
            self.counted[name] += sums.row[name]
        self.first_token_ms.append(sums.first_token_ms)
        self.whole_ms.append(sums.whole_ms)

    def figures(self) -> RunFigures:
        """Return the figures as they are shown, with times in seconds."""
        first, whole = _shares(self.first_token_ms, 50, 95), _shares(self.whole_ms, 50)
        counted = {name: int(count) for name, count in self.counted.items() if name != "cost_usd"}
        return RunFigures(
            **counted,
            cost_usd=round(self.counted["cost_usd"], 9),
            first_token_p50=first[0],
            first_token_p95=first[1],
            time_p50=whole[0],
        )


class AgentDaySums:
    """One agent's runs of one day, as SQL sums them up; the times come as one text."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.first_token_ms = _times(row["first_token_ms"])
        self.whole_ms = _times(row["whole_ms"])


def _summary(db: Connection, user_id: str | None, days: int, now: float) -> ActivitySummary:
    today = int(now // DAY_SECONDS)
    of_days = {day: RunSums() for day in range(today - days + 1, today + 1)}
    shares: dict[int, list[AgentShare]] = {day: [] for day in of_days}
    of_agents: dict[str, RunSums] = {}
    totals = RunSums()
    for row in _sums(db, user_id, min(of_days), today):
        part = AgentDaySums(row)
        if row["agent"] == _WHOLE:
            of_days[row["day"]].add(part)
            totals.add(part)
        else:
            of_agents.setdefault(row["agent"], RunSums()).add(part)
            share = AgentShare(row["agent"], row["runs"], row["tokens"], round(row["cost_usd"], 9))
            shares[row["day"]].append(share)
    return ActivitySummary(
        days=[DaySummary(day_of(day * DAY_SECONDS), shares[day], sums.figures()) for day, sums in of_days.items()],
        agents={agent: sums.figures() for agent, sums in sorted(of_agents.items())},
        totals=totals.figures(),
    )


def _latest_runs(
    db: Connection, user_id: str | None, since: float, limit: int, offset: int
) -> tuple[int, list[RecentRun]]:
    whose, values = _whose("runs", user_id)
    source = f"FROM runs WHERE {whose} AND created_at >= ? AND agent_id != '{INDEXING}'"
    total = db.execute(f"SELECT count(*) {source}", (*values, since)).fetchone()[0]
    rows = db.execute(
        f"""SELECT id, thread_id, user_id, question, status, finish_reason, created_at, ended_at - created_at AS time,
                   coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0) AS tokens,
                   coalesce(cost_usd, 0) AS cost_usd,
                   (SELECT group_concat(agent) FROM activity WHERE run_id = runs.id
                    AND agent NOT IN ('{_WHOLE}', '{SUPERVISOR}')) AS agents,
                   (SELECT session_id FROM threads WHERE threads.id = runs.thread_id AND deleted_at IS NULL
                    AND threads.agent_id != '{LLM}') AS session_id,
                   agent_id
            {source} ORDER BY created_at DESC, place DESC LIMIT ? OFFSET ?""",
        (*values, since, limit, offset),
    )
    return total, [RecentRun(**{**dict(row), "agents": _agents(row["agents"])}) for row in rows]


def _agents(joined: str | None) -> list[str]:
    return sorted(filter(None, (joined or "").split(",")))


def _sums(db: Connection, user_id: str | None, first: int, last: int) -> Iterable[Row]:
    # The times of a group as one text: fetching rows by the hundred thousand would take longer than all the rest.
    whose, values = _whose("activity", user_id)
    return db.execute(
        f"""SELECT day, agent, count(*) AS runs, count(*) FILTER (WHERE outcome = 'completed') AS completed,
                   count(*) FILTER (WHERE outcome = 'failed') AS failed,
                   count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
                   count(*) FILTER (WHERE outcome = 'declined') AS declined,
                   count(*) FILTER (WHERE outcome = 'hedged') AS hedged,
                   sum(tokens) AS tokens, sum(cost_usd) AS cost_usd,
                   sum(fallback) AS fallbacks, sum(reduced) AS reduced, sum(cached) AS cached,
                   count(*) FILTER (WHERE rating = 'up') AS up, count(*) FILTER (WHERE rating = 'down') AS down,
                   group_concat(first_token_ms) AS first_token_ms, group_concat(whole_ms) AS whole_ms
            FROM activity WHERE {whose} AND day BETWEEN ? AND ? GROUP BY day, agent""",
        (*values, first, last),
    )


def _whose(table: str, user_id: str | None) -> tuple[str, tuple[str, ...]]:
    return ("TRUE", ()) if user_id is None else (f"{table}.user_id = ?", (user_id,))


def _times(text: str | None) -> Times:
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def _shares(times: list[Times], *percents: float) -> list[float | None]:
    """Return these percentiles of the times, in seconds."""
    together = np.concatenate(times) if times else np.empty(0)
    if not together.size:
        return [None for _ in percents]
    return [float(value) / 1000 for value in np.percentile(together, percents, method="inverted_cdf")]


_ADD_RUNS = f"""
    INSERT INTO activity (day, agent, run_id, user_id, outcome, tokens, cost_usd, first_token_ms, whole_ms, fallback,
                          reduced, rating)
    SELECT CAST(created_at / {DAY_SECONDS} AS INTEGER), '{_WHOLE}', id, user_id,
           CASE WHEN finish_reason IN ('declined', 'hedged') THEN finish_reason ELSE status END,
           coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0), coalesce(cost_usd, 0),
           (SELECT max(0, CAST(round((julianday(json_extract(CAST(payload AS TEXT), '$.timestamp')) - 2440587.5)
                                     * {DAY_SECONDS * 1000} - runs.created_at * 1000) AS INTEGER))
            FROM events WHERE run_id = runs.id AND substr(payload, 1, 15) = CAST('{{"type":"token"' AS BLOB)
            ORDER BY seq LIMIT 1),
           CAST(round((ended_at - created_at) * 1000) AS INTEGER),
           CASE WHEN EXISTS (SELECT 1 FROM steps WHERE run_id = runs.id AND fallback = 1 AND steps.status = 'completed')
                THEN 1 ELSE 0 END,
           coalesce((SELECT json_extract(CAST(payload AS TEXT), '$.reduced')
                     FROM events WHERE run_id = runs.id ORDER BY seq DESC LIMIT 1), 0),
           (SELECT rating FROM feedback WHERE run_id = runs.id)
    FROM runs WHERE ended_at IS NOT NULL AND agent_id != '{INDEXING}'"""
# The supervisor has a row where its routing took a model.
_ADD_PARTS = f"""
    INSERT INTO activity (day, agent, run_id, user_id, outcome, tokens, cost_usd, first_token_ms, whole_ms, fallback,
                          reduced, rating)
    SELECT day, coalesce(steps.agent, '{SUPERVISOR}') AS part, whole.run_id, user_id, outcome,
           coalesce(sum(json_extract(usage, '$.prompt') + json_extract(usage, '$.completion')), 0),
           coalesce(sum(steps.cost_usd), 0), first_token_ms, whole_ms,
           max(CASE WHEN steps.fallback = 1 AND steps.status = 'completed' THEN 1 ELSE 0 END), reduced, rating
    FROM activity AS whole JOIN steps ON steps.run_id = whole.run_id
    WHERE whole.agent = '{_WHOLE}' AND (steps.agent IS NOT NULL OR json_extract(usage, '$.total') > 0) {{which}}
    GROUP BY day, part, whole.run_id, user_id, outcome, first_token_ms, whole_ms, reduced, rating"""
