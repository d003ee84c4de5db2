"""Conversations: list, search, read, rename, export, soft-delete, restore and destroy."""

import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from backend.api.deps import (
    LOOKING,
    SEARCHING,
    TELLING,
    Limit,
    Offset,
    Search,
    SessionId,
    StrictBody,
    TheActor,
    TheDesk,
    TheUser,
    fails,
    needs,
)
from backend.auth.audit import Actor
from backend.desk import OpenDesk
from backend.errors import ThreadUnknown
from backend.privacy import transcript
from backend.storage.threads import Status, StoredMessage, StoredThread, ThreadFilter
from frontdesk.contracts.resources import Message, Thread, ThreadPage, ThreadWhole
from knowledge.text.characters import checked_line

router = APIRouter(prefix="/api/threads", tags=["threads"], responses=LOOKING, dependencies=[needs("chat")])


class ThreadDeleted(BaseModel):
    """The conversation that was soft-deleted, or destroyed with `hard`."""

    deleted: str
    hard: bool


class Rename(StrictBody):
    """A new title."""

    model_config = ConfigDict(
        str_strip_whitespace=True, json_schema_extra={"examples": [{"title": "The double charge"}]}
    )

    title: Annotated[str, AfterValidator(checked_line)] = Field(min_length=1, max_length=200)


_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The conversation, to be saved.",
        "content": {
            "text/markdown": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


@router.get("", dependencies=SEARCHING)
async def list_threads(
    desk: TheDesk,
    user: TheUser,
    limit: Limit = 50,
    offset: Offset = 0,
    status: Status = "active",
    agent: Annotated[str | None, Query(max_length=64)] = None,
    search: Search = None,
    session: SessionId | None = None,
    session_prefix: SessionId | None = None,
) -> ThreadPage:
    """List your conversations; `search` looks into titles and messages, `session_prefix` at the names of sessions."""
    return await page(desk, ThreadFilter(user.id, status, agent, search, session_prefix, session), limit, offset)


@router.get("/{thread_id}")
async def get_thread(
    thread_id: str, desk: TheDesk, user: TheUser, limit: Limit = 200, offset: Offset = 0
) -> ThreadWhole:
    """Return one conversation with its messages; each names its run."""
    return await history(desk, await known(desk, user.id, thread_id), limit, offset)


@router.patch("/{thread_id}", responses=TELLING)
async def rename_thread(thread_id: str, rename: Rename, desk: TheDesk, user: TheUser) -> ThreadWhole:
    """Rename a conversation."""
    await known(desk, user.id, thread_id)
    await desk.stores.threads.rename(user.id, thread_id, rename.title)
    return await history(desk, await known(desk, user.id, thread_id), 1, 0)


@router.post("/{thread_id}/restore", responses=fails(409))
async def restore_thread(thread_id: str, desk: TheDesk, user: TheUser, actor: TheActor) -> ThreadWhole:
    """Restore a soft-deleted conversation."""
    entry = actor.did("conversation.restore", thread_id, person=user.id)
    await desk.stores.threads.restore(user.id, thread_id, entry)
    return await history(desk, await known(desk, user.id, thread_id), 1, 0)


@router.delete("/{thread_id}")
async def delete_thread(
    thread_id: str, desk: TheDesk, user: TheUser, actor: TheActor, hard_delete: bool = False
) -> ThreadDeleted:
    """Soft-delete a conversation; with `hard_delete`, destroy every trace of it. Its runs under way are stopped."""
    await known(desk, user.id, thread_id)
    return await remove(desk, thread_id, hard_delete, actor)


@router.get("/{thread_id}/export", response_class=Response, responses=_FILES)
async def export_thread(
    thread_id: str, desk: TheDesk, user: TheUser, actor: TheActor, format: Literal["markdown", "json"] = "markdown"
) -> Response:
    """Export the whole conversation as a file."""
    thread = await known(desk, user.id, thread_id)
    await desk.audit.add(actor.did("conversation.export", thread_id, None, {"format": format}, person=user.id))
    messages = await desk.stores.threads.all_messages(thread_id)
    ending, media, body = _EXPORTS[format](thread, messages)
    disposition = f'attachment; filename="conversation-{thread.id}.{ending}"'
    return Response(body, media_type=media, headers={"content-disposition": disposition})


async def known(desk: OpenDesk, user_id: str, thread_id: str, agent_id: str | None = None) -> StoredThread:
    """Return a conversation of that user, with that agent if one is named, or raise `ThreadUnknown`."""
    thread = await desk.stores.threads.get(user_id, thread_id)
    if thread is None or agent_id not in (None, thread.agent_id):
        raise ThreadUnknown(f"there is no conversation {thread_id}")
    return thread


async def page(desk: OpenDesk, wanted: ThreadFilter, limit: int, offset: int) -> ThreadPage:
    """Return a page of the conversations that match."""
    total, found = await desk.stores.threads.list_threads(wanted, limit, offset)
    return ThreadPage(total=total, limit=limit, offset=offset, threads=[Thread(**vars(one)) for one in found])


async def history(desk: OpenDesk, thread: StoredThread, limit: int, offset: int) -> ThreadWhole:
    """Return a conversation with a page of its messages."""
    count, messages = await desk.stores.threads.read_history(thread.id, limit, offset)
    shown = [Message(**message.as_fields()) for message in messages]
    return ThreadWhole(**vars(thread), messages=count, history=shown)


async def remove(desk: OpenDesk, thread_id: str, hard_delete: bool, actor: Actor) -> ThreadDeleted:
    """Stop the runs of one of the actor's conversations, then soft-delete or destroy it."""
    with desk.runs.lanes.closed(thread_id):
        await desk.runs.cancel_thread(thread_id, "the conversation was deleted")
        if hard_delete:
            entry = actor.did("conversation.destroy", thread_id, person=actor.name)
            await desk.deletion.conversation(thread_id, entry=entry)
        else:
            entry = actor.did("conversation.delete", thread_id, person=actor.name)
            await desk.stores.threads.put_away(actor.name, thread_id, entry)
    return ThreadDeleted(deleted=thread_id, hard=hard_delete)


def _as_markdown(thread: StoredThread, messages: Sequence[StoredMessage]) -> tuple[str, str, bytes]:
    return "md", "text/markdown", (transcript.head(thread) + transcript.turns(messages)).encode()


def _as_json(thread: StoredThread, messages: Sequence[StoredMessage]) -> tuple[str, str, bytes]:
    document = {"exported_at": time.time(), "thread": vars(thread), "messages": [one.as_fields() for one in messages]}
    return "json", "application/json", orjson.dumps(document, option=orjson.OPT_INDENT_2)


_EXPORTS = {"markdown": _as_markdown, "json": _as_json}
