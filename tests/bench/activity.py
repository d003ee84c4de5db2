"""`python -m tests.bench.activity [runs]`: how long GET /api/activity takes over a month of runs.

The runs are made up, each with steps and a log of twenty events, in the tables of the version before there were sums,
so that taking them over is measured too. Then a desk is started over them and asked.
"""

import asyncio
import random
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from backend.storage.activity import DAY_SECONDS
from backend.storage.sql import migrations
from backend.storage.sql.activity import create_activity_table
from knowledge.storage.database import Connection
from knowledge.storage.sqlite import SqliteDatabase
from tests.bench.client import figure
from tests.serving import serve_alone

RUNS = 100_000
REQUESTS = 50
AIM_MS = 300.0
_AGENTS = ("billing", "technical", "general", "compliance")
_USAGE = '{"prompt": 900, "completion": 150, "total": 1050}'
# What a desk does at its start is measured elsewhere.
_SETTLING_SECONDS = 6


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory) / "data"
        seconds = asyncio.run(_make(data / "desk.db", runs))
        print(f"{runs:,} runs of an earlier version taken over in {seconds:.1f} s")
        with serve_alone(data) as desk, desk.client() as client:
            time.sleep(_SETTLING_SECONDS)
            took = []
            for _ in range(REQUESTS):
                began = time.perf_counter()
                client.get("/api/activity").raise_for_status()
                took.append(1000 * (time.perf_counter() - began))
    took.sort()
    for what, value in (("median", took[len(took) // 2]), ("longest", took[-1])):
        figure(
            f"a month of them summed up, {what} of {REQUESTS}", f"{value:.0f} ms", f"{AIM_MS:.0f} ms", value <= AIM_MS
        )


async def _make(file: Path, runs: int) -> float:
    """How long it took to bring what an earlier version left up to date."""
    before = migrations.MIGRATIONS[: migrations.MIGRATIONS.index(create_activity_table)]
    old = SqliteDatabase(file, before)
    await old.write(lambda db: _fill(db, runs))
    await old.close()
    began = time.perf_counter()
    new = SqliteDatabase(file, migrations.MIGRATIONS)
    seconds = time.perf_counter() - began
    await new.close()
    return seconds


def _fill(db: Connection, runs: int) -> None:
    chance, month = random.Random(1), 30 * DAY_SECONDS
    began = time.time() - month
    db.execute("INSERT INTO threads VALUES ('t', 'local', 'supervisor', 's', 'Refunds', 1, 1, NULL)")
    for number in range(runs):
        _add(db, chance, str(uuid.UUID(int=chance.getrandbits(128))), began + month * number / runs)


def _add(db: Connection, chance: random.Random, run: str, at: float) -> None:
    """One run, of two agents now and then."""
    status = chance.choices(("completed", "failed", "cancelled"), (94, 3, 3))[0]
    db.execute(
        """INSERT INTO runs (id, thread_id, session_id, status, question, created_at, ended_at, prompt_tokens,
                             completion_tokens, cost_usd) VALUES (?, 't', 's', ?, ?, ?, ?, 900, 150, 0.0004)""",
        (run, status, "How are duplicate charges refunded? " * 5, at, at + chance.uniform(1, 20)),
    )
    agents = chance.sample(_AGENTS, chance.choices((1, 2), (9, 1))[0])
    steps = [
        (run, f"{agent}.{kind}", kind, agent, at) for agent in agents for kind in ("agent", "retrieve", "generate")
    ]
    db.executemany(
        f"""INSERT INTO steps (run_id, step_id, step_type, step_name, agent, status, started_at, usage, cost_usd)
            VALUES (?, ?, ?, 'm', ?, 'completed', ?, '{_USAGE}', 0.0004)""",
        steps,
    )
    spoken = datetime.fromtimestamp(at + chance.uniform(0.2, 4), UTC).isoformat(timespec="milliseconds")
    token = f'{{"type":"token","content":"word ","agent":"billing","session_id":"s","timestamp":"{spoken}"}}'
    log = ['{"type":"trace_start"}'] * 7 + [token] * 12 + ['{"type":"done","reduced":false}']
    db.executemany("INSERT INTO events VALUES (?, ?, ?)", [(run, seq, one.encode()) for seq, one in enumerate(log)])
    if chance.random() < 0.1:
        db.execute("INSERT INTO feedback VALUES (?, ?, '', ?)", (run, chance.choice(("up", "down")), at))


if __name__ == "__main__":
    main()
