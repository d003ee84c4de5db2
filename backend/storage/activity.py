"""Activity figures: a row for each run that has ended and for each agent's part in it, and the sums of them.

The rows are written with the end of a run, so that sums need neither its steps nor its log.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.direct_completion import LLM
from agents.graph.supervisor import SUPERVISOR
from backend.runs.indexing_job import INDEXING
from backend.storage.spending import day_of

Times = NDArray[np.int64]

DAY_SECONDS = 86_400
# The agent of the row for a whole run.
_WHOLE = ""
_COUNTED = "runs completed failed cancelled declined tokens cost_usd fallbacks reduced up down".split()


def create_activity_table(db: sqlite3.Connection) -> None:
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


def record(db: sqlite3.Connection, run_id: str) -> None:
    """Add the rows of a run that has ended."""
    db.execute(f"{_ADD_RUNS} AND runs.id = ?", (run_id,))
    db.execute(_ADD_PARTS.format(which="AND whole.run_id = ?"), (run_id,))


def rate(db: sqlite3.Connection, run_id: str, rating: str) -> None:
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

    def told(self) -> dict[str, Any]:
        """Return the figures as they are shown, with times in seconds."""
        first, whole = _shares(self.first_token_ms, 50, 95), _shares(self.whole_ms, 50)
        times = {"first_token_p50": first[0], "first_token_p95": first[1], "time_p50": whole[0]}
        return {**self.counted, "cost_usd": round(self.counted["cost_usd"], 9), **times}


class AgentDaySums:
    """One agent's runs of one day, as SQL sums them up; the times come as one text."""

    def __init__(self, row: sqlite3.Row) -> None:
        self.row = row
        self.first_token_ms = _times(row["first_token_ms"])
        self.whole_ms = _times(row["whole_ms"])


def summary(db: sqlite3.Connection, user_id: str | None, days: int, now: float) -> dict[str, Any]:
    """Sum up one user's runs, or everybody's: by day up to today, by agent, and in total."""
    today = int(now // DAY_SECONDS)
    of_days = {day: RunSums() for day in range(today - days + 1, today + 1)}
    shares: dict[int, list[dict[str, Any]]] = {day: [] for day in of_days}
    of_agents: dict[str, RunSums] = {}
    totals = RunSums()
    for sums in map(AgentDaySums, _sums(db, user_id, min(of_days), today)):
        row = sums.row
        if row["agent"] == _WHOLE:
            of_days[row["day"]].add(sums)
            totals.add(sums)
        else:
            of_agents.setdefault(row["agent"], RunSums()).add(sums)
            share = {name: row[name] for name in ("agent", "runs", "tokens")}
            shares[row["day"]].append({**share, "cost_usd": round(row["cost_usd"], 9)})
    return {
        "days": [
            {"day": day_of(day * DAY_SECONDS), "agents": shares[day], **figures.told()}
            for day, figures in of_days.items()
        ],
        "agents": [{"agent": agent, **figures.told()} for agent, figures in sorted(of_agents.items())],
        "totals": totals.told(),
    }


def latest(
    db: sqlite3.Connection, user_id: str | None, since: float, limit: int, offset: int
) -> tuple[int, list[dict[str, Any]]]:
    """Count the runs asked since then, also those under way, and return a page of them, the latest first."""
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
    return total, [{**dict(row), "agents": sorted(filter(None, (row["agents"] or "").split(",")))} for row in rows]


def _sums(db: sqlite3.Connection, user_id: str | None, first: int, last: int) -> Iterable[sqlite3.Row]:
    # The times of a group as one text: fetching rows by the hundred thousand would take longer than all the rest.
    whose, values = _whose("activity", user_id)
    return db.execute(
        f"""SELECT day, agent, count(*) AS runs, sum(outcome = 'completed') AS completed,
                   sum(outcome = 'failed') AS failed, sum(outcome = 'cancelled') AS cancelled,
                   sum(outcome = 'declined') AS declined, sum(tokens) AS tokens, sum(cost_usd) AS cost_usd,
                   sum(fallback) AS fallbacks, sum(reduced) AS reduced,
                   sum(rating IS 'up') AS up, sum(rating IS 'down') AS down,
                   group_concat(first_token_ms) AS first_token_ms, group_concat(whole_ms) AS whole_ms
            FROM activity WHERE {whose} AND day BETWEEN ? AND ? GROUP BY day, agent""",
        (*values, first, last),
    )


def _whose(table: str, user_id: str | None) -> tuple[str, tuple[str, ...]]:
    return ("1", ()) if user_id is None else (f"{table}.user_id = ?", (user_id,))


def _times(text: str | None) -> Times:
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def _shares(times: list[Times], *percents: float) -> list[float | None]:
    """Return these percentiles of the times, in seconds."""
    together = np.concatenate(times) if times else np.empty(0)
    if not together.size:
        return [None for _ in percents]
    return [float(value) / 1000 for value in np.percentile(together, percents, method="inverted_cdf")]


_ADD_RUNS = f"""
    INSERT INTO activity
    SELECT CAST(created_at / {DAY_SECONDS} AS INTEGER), '{_WHOLE}', id, user_id,
           CASE WHEN finish_reason = 'declined' THEN 'declined' ELSE status END,
           coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0), coalesce(cost_usd, 0),
           (SELECT max(0, CAST(round((julianday(json_extract(CAST(payload AS TEXT), '$.timestamp')) - 2440587.5)
                                     * {DAY_SECONDS * 1000} - runs.created_at * 1000) AS INTEGER))
            FROM events WHERE run_id = runs.id AND substr(payload, 1, 15) = CAST('{{"type":"token"' AS BLOB)
            ORDER BY seq LIMIT 1),
           CAST(round((ended_at - created_at) * 1000) AS INTEGER),
           EXISTS (SELECT 1 FROM steps WHERE run_id = runs.id AND fallback AND steps.status = 'completed'),
           coalesce((SELECT json_extract(CAST(payload AS TEXT), '$.reduced')
                     FROM events WHERE run_id = runs.id ORDER BY seq DESC LIMIT 1), 0),
           (SELECT rating FROM feedback WHERE run_id = runs.id)
    FROM runs WHERE ended_at IS NOT NULL AND agent_id != '{INDEXING}'"""
# The supervisor has a row where its routing took a model.
_ADD_PARTS = f"""
    INSERT INTO activity
    SELECT day, coalesce(steps.agent, '{SUPERVISOR}') AS part, whole.run_id, user_id, outcome,
           coalesce(sum(json_extract(usage, '$.prompt') + json_extract(usage, '$.completion')), 0),
           coalesce(sum(steps.cost_usd), 0), first_token_ms, whole_ms,
           coalesce(max(steps.fallback AND steps.status = 'completed'), 0), reduced, rating
    FROM activity AS whole JOIN steps ON steps.run_id = whole.run_id
    WHERE whole.agent = '{_WHOLE}' AND (steps.agent IS NOT NULL OR json_extract(usage, '$.total') > 0) {{which}}
    GROUP BY whole.run_id, part"""
