"""A memory that stops storing, as one does whose process was killed."""

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)


class DyingMemory(BaseCheckpointSaver[str]):
    """Stores the first so many times that it is asked to."""

    def __init__(self, memory: BaseCheckpointSaver[str], times: int) -> None:
        super().__init__(serde=memory.serde)
        self._memory = memory
        self._left = times

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        return await self._memory.aget_tuple(config)

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        if self._lives():
            return await self._memory.aput(config, checkpoint, metadata, new_versions)
        return RunnableConfig(configurable={**config["configurable"], "checkpoint_id": checkpoint["id"]})

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        if self._lives():
            await self._memory.aput_writes(config, writes, task_id, task_path)

    def get_next_version(self, current: str | None, channel: None) -> str:
        return self._memory.get_next_version(current, channel)

    def _lives(self) -> bool:
        self._left -= 1
        return self._left >= 0
