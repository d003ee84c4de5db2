"""The memory of conversations between turns: LangGraph's checkpoints, only the newest of each thread."""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata, CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from knowledge.storage.damage import RESTORE
from knowledge.storage.database import Connection, Database
from knowledge.storage.sqlite import SqliteDatabase


class _CheckpointStatements(SqliteSaver):
    """LangGraph's own statements, on a connection whose transactions are managed elsewhere."""

    @contextmanager
    def cursor(self, transaction: bool = True) -> Iterator[sqlite3.Cursor]:
        """Yield a cursor that commits nothing."""
        with closing(self.conn.cursor()) as cursor:
            yield cursor


class CheckpointStore(SqliteSaver):
    """A checkpointer on the threads of a `Database`, so that what many runs store at once is one transaction.

    LangGraph's asynchronous saver crosses threads for every single statement, some hundred times a run.
    """

    def __init__(self, database: Database, serde: SerializerProtocol) -> None:
        # Each connection is used by one thread, and `Database` has two.
        self._by_connection: dict[int, _CheckpointStatements] = {}
        self._database = database
        super().__init__(sqlite3.connect(":memory:"), serde=serde)
        self.conn.close()

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Return the newest checkpoint of a thread."""
        return await self._database.read(lambda db: self._on(db).get_tuple(config))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store the newest checkpoint, and delete those before it.

        Each holds the whole conversation; keeping them all would grow with its square.
        """
        place = config["configurable"]
        older = (str(place["thread_id"]), place["checkpoint_ns"], checkpoint["id"])

        def put(db: Connection) -> RunnableConfig:
            stored = self._on(db).put(config, checkpoint, metadata, new_versions)
            for table in ("checkpoints", "writes"):
                db.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?", older
                )
            return stored

        return await self._database.write(put)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Store the writes of a step on the way to the next checkpoint."""
        await self._database.write(lambda db: self._on(db).put_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete the checkpoints of a conversation."""
        await self._database.write(lambda db: self._on(db).delete_thread(thread_id), erasing=True)

    @property
    def damage(self) -> str | None:
        """The damage found in the database file, if any."""
        return self._database.damage

    def _on(self, db: Connection) -> _CheckpointStatements:
        # LangGraph has a saver for each database; this one is for SQLite.
        assert isinstance(db, sqlite3.Connection)  # noqa: S101
        if id(db) not in self._by_connection:
            statements = _CheckpointStatements(db, serde=self.serde)
            statements.is_setup = True
            self._by_connection[id(db)] = statements
        return self._by_connection[id(db)]


def create_checkpoint_tables(db: Connection) -> None:
    """Create LangGraph's own tables where an earlier release has not."""
    with closing(sqlite3.connect(":memory:")) as scratch:
        SqliteSaver(scratch).setup()
        made = scratch.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    for (statement,) in made:
        db.execute(statement.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))


MIGRATIONS = (create_checkpoint_tables,)
_REMEDY = f"{RESTORE}; or move it away: conversations stay, but agents no longer know what was said in them"


@asynccontextmanager
async def open_memory(data_dir: Path) -> AsyncIterator[CheckpointStore]:
    """Open the memory of a data directory, and close it at the end."""
    database = SqliteDatabase(data_dir / "graph.db", MIGRATIONS, _REMEDY)
    try:
        # Strict: a checkpoint that names any class outside the allowed ones is not read.
        yield CheckpointStore(database, JsonPlusSerializer(allowed_msgpack_modules=None))
    finally:
        await database.close()
