"""Local models for operators: which there are and run, downloads, and model servers found on this machine."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel

from agents.errors import LocalModelInUse
from agents.models.local.table import LocalModel
from agents.models.model_name import LOCAL_NAME, ModelName
from backend.api.deps import LOOKING, TheActor, TheDesk, fails, needs
from backend.desk import OpenDesk

router = APIRouter(
    prefix="/api/models/local", tags=["local models"], responses=LOOKING, dependencies=[needs("operator")]
)

Name = Annotated[str, Path(pattern=f"^{LOCAL_NAME.pattern}$")]


class LocalModelState(BaseModel):
    """A local model: what it takes, how much of it is there, and whether it runs.

    `process` is `running`, or says why the model does not run; it is null if no chain names the model.
    """

    name: str
    licence: str
    bytes: int
    memory_gb: float
    window: int
    state: Literal["absent", "downloading", "downloaded"]
    bytes_here: int
    error: str | None
    process: str | None
    setting: str


class OfferedServer(BaseModel):
    """A model server that runs on this machine already, and the setting that makes the desk use it."""

    kind: str
    url: str
    models: list[str]
    setting: str


class LocalModelList(BaseModel):
    """The models that the desk can run itself, and the model servers beside it."""

    models: list[LocalModelState]
    servers: list[OfferedServer]


@router.get("")
async def list_local_models(desk: TheDesk) -> LocalModelList:
    """List the local models that there are, with their downloads, and the model servers found at the start."""
    models = [await _state_of(desk, model) for model in (await desk.local_models.read_table()).values()]
    servers = [
        OfferedServer(
            kind=found.kind, url=found.url, models=[name.model for name in found.models], setting=found.setting
        )
        for found in desk.local_models.servers
    ]
    return LocalModelList(models=models, servers=servers)


@router.post("/{model_name}", status_code=202, responses=fails(409))
async def download_local_model(model_name: Name, desk: TheDesk, actor: TheActor) -> LocalModelState:
    """Begin to download a model, or go on; the list shows how far it is. One is downloaded at a time."""
    model = await desk.local_models.download(model_name)
    await desk.audit.add(actor.did("model.download", model_name))
    return await _state_of(desk, model)


@router.delete("/{model_name}", responses=fails(409))
async def remove_local_model(model_name: Name, desk: TheDesk, actor: TheActor) -> LocalModelState:
    """Delete a model's file, or stop its download. A model that a chain names is refused."""
    if desk.models.local_state(ModelName("local", model_name)):
        raise LocalModelInUse(
            f"{model_name} is in use: take it out of the settings and agents that name it, and restart the desk"
        )
    if await desk.local_models.remove(model_name):
        await desk.audit.add(actor.did("model.remove", model_name))
    return await _state_of(desk, (await desk.local_models.read_table())[model_name])


async def _state_of(desk: OpenDesk, model: LocalModel) -> LocalModelState:
    directory = desk.local_models.directory
    here = await asyncio.to_thread(model.bytes_in, directory)
    downloaded = await asyncio.to_thread(model.is_in, directory)
    under_way = desk.local_models.downloading == model.name
    return LocalModelState(
        name=model.name,
        licence=model.licence,
        bytes=model.bytes,
        memory_gb=model.memory_gb,
        window=model.window,
        state="downloaded" if downloaded else "downloading" if under_way else "absent",
        bytes_here=here,
        error=desk.local_models.error_of(model.name),
        process=desk.models.local_state(ModelName("local", model.name)),
        setting=f"WORKER_MODEL=local:{model.name},embedded",
    )
