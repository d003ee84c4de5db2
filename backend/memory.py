"""What conversations remember between turns: LangGraph's checkpoints, of which only the newest of a thread is kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiosqlite
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


class NewestOnly(AsyncSqliteSaver):
    """Every checkpoint holds the whole conversation; keeping them all would grow with its square."""

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store the newest checkpoint, and forget those before it."""
        stored = await super().aput(config, checkpoint, metadata, new_versions)
        place = config["configurable"]
        older = (str(place["thread_id"]), place["checkpoint_ns"], checkpoint["id"])
        async with self.lock:
            for table in ("checkpoints", "writes"):
                await self.conn.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?", older
                )
            await self.conn.commit()
        return stored


@asynccontextmanager
async def open_memory(data_dir: Path) -> AsyncIterator[NewestOnly]:
    """The memory of a data directory."""
    async with aiosqlite.connect(data_dir / "graph.db") as connection:
        # Strict: a checkpoint that names any class outside the allowed ones is not read.
        saver = NewestOnly(connection, serde=JsonPlusSerializer(allowed_msgpack_modules=None))
        await saver.setup()
        yield saver
