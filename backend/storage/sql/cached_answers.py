"""Cached answers in SQL: one for each question, agent and owner of documents."""

import json

from agents.caching.question_keys import QuestionKeys
from agents.caching.store import AnswerOrigin, CachedAnswer, CacheLimits, CacheScope
from knowledge.storage.database import Connection, Database, Row

_MOST_FOUND = 4


class SqlAnswerCacheStore:
    """The SQL implementation of `AnswerCacheStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_answers(self, scope: CacheScope, keys: QuestionKeys, since: float) -> list[CachedAnswer]:
        return await self._database.read(lambda db: _find_answers(db, scope, keys, since))

    async def save_answer(
        self, scope: CacheScope, answer: CachedAnswer, origin: AnswerOrigin, now: float, limits: CacheLimits
    ) -> None:
        await self._database.write(lambda db: _save_answer(db, scope, answer, origin, now, limits))


def create_cached_answers(db: Connection) -> None:
    """Create the table of cached answers."""
    for statement in (
        """CREATE TABLE cached_answers (
            id INTEGER PRIMARY KEY AUTOINCREMENT, agent_id TEXT NOT NULL, owner TEXT NOT NULL, version TEXT NOT NULL,
            documents TEXT NOT NULL, exact_key TEXT NOT NULL, similar_key TEXT NOT NULL, user_id TEXT NOT NULL,
            run_id TEXT NOT NULL, created_at REAL NOT NULL, bytes INTEGER NOT NULL, question TEXT NOT NULL,
            answer TEXT NOT NULL, model TEXT NOT NULL, sources TEXT NOT NULL, support TEXT,
            see_also TEXT NOT NULL, highlights TEXT NOT NULL, kept TEXT NOT NULL, last_number INTEGER NOT NULL)""",
        "CREATE UNIQUE INDEX cached_once ON cached_answers (agent_id, owner, exact_key)",
        "CREATE INDEX cached_alike ON cached_answers (agent_id, owner, similar_key)",
        "CREATE INDEX cached_by_agent ON cached_answers (agent_id, id)",
        "CREATE INDEX cached_by_run ON cached_answers (run_id)",
        "CREATE INDEX cached_by_user ON cached_answers (user_id)",
        "CREATE INDEX cached_by_age ON cached_answers (created_at)",
        "CREATE INDEX cached_by_size ON cached_answers (bytes)",
    ):
        db.execute(statement)


def _find_answers(db: Connection, scope: CacheScope, keys: QuestionKeys, since: float) -> list[CachedAnswer]:
    # A UNION, so that each half has its index.
    alike = "SELECT id FROM cached_answers WHERE agent_id = ? AND owner = ? AND"
    rows = db.execute(
        f"""SELECT * FROM cached_answers WHERE id IN ({alike} exact_key = ? UNION {alike} similar_key = ?)
            AND version = ? AND documents = ? AND created_at >= ?
            ORDER BY exact_key = ? DESC, id DESC LIMIT {_MOST_FOUND}""",
        (
            *(scope.agent, scope.owner, keys.exact),
            *(scope.agent, scope.owner, keys.similar),
            *(scope.version, scope.documents, since, keys.exact),
        ),
    )
    return [_cached_answer(row) for row in rows]


def _cached_answer(row: Row) -> CachedAnswer:
    return CachedAnswer(
        question=row["question"],
        keys=QuestionKeys(row["exact_key"], row["similar_key"]),
        text=row["answer"],
        model=row["model"],
        sources=row["sources"],
        support=row["support"],
        see_also=json.loads(row["see_also"]),
        highlights=json.loads(row["highlights"]),
        kept=json.loads(row["kept"]),
        last_number=row["last_number"],
    )


def _save_answer(
    db: Connection, scope: CacheScope, answer: CachedAnswer, origin: AnswerOrigin, now: float, limits: CacheLimits
) -> None:
    db.execute(
        """DELETE FROM cached_answers
           WHERE agent_id = ? AND owner = ? AND (exact_key = ? OR version <> ? OR documents <> ?)""",
        (scope.agent, scope.owner, answer.keys.exact, scope.version, scope.documents),
    )
    lists = map(json.dumps, (answer.see_also, answer.highlights, answer.kept))
    texts = (answer.question, answer.text, answer.model, answer.sources, answer.support, *lists)
    db.execute(
        """INSERT INTO cached_answers (agent_id, owner, version, documents, exact_key, similar_key, user_id, run_id,
                                       created_at, bytes, question, answer, model, sources, support, see_also,
                                       highlights, kept, last_number)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            *(scope.agent, scope.owner, scope.version, scope.documents, *answer.keys, origin.user_id, origin.run_id),
            *(now, sum(len((text or "").encode()) for text in texts), *texts, answer.last_number),
        ),
    )
    _delete_surplus(db, scope.agent, now, limits)


def _delete_surplus(db: Connection, agent_id: str, now: float, limits: CacheLimits) -> None:
    """Delete what is too old, and the oldest answers beyond the limits."""
    db.execute("DELETE FROM cached_answers WHERE created_at < ?", (now - limits.seconds,))
    db.execute(
        """DELETE FROM cached_answers WHERE agent_id = ? AND id <= (
               SELECT id FROM cached_answers WHERE agent_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)""",
        (agent_id, agent_id, limits.entries),
    )
    if db.execute("SELECT coalesce(sum(bytes), 0) FROM cached_answers").fetchone()[0] > limits.total_bytes:
        db.execute(
            """DELETE FROM cached_answers WHERE id IN (
                   SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY id DESC) AS newer FROM cached_answers)
                   WHERE newer > ?)""",
            (limits.total_bytes,),
        )
