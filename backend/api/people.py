"""Personal data: how much the desk holds of each user, a full copy for that user, and deletion."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.responses import Response

from backend.api.deps import LOOKING, SEARCHING, Limit, Offset, Operator, TheActor, TheDesk, TheUser, fails, needs
from backend.api.threads import known
from backend.desk import OpenDesk
from backend.errors import PersonUnknown
from backend.privacy.copies import PersonalCopy
from backend.privacy.exports import ArchiveStream
from backend.storage.deletion import RemovalPart
from backend.users import LOCAL, USER_NAME
from frontdesk.contracts.reports import People, PersonInfo, PersonRemoved

# These endpoints concern all data of a person, so a key for a part of it is not enough.
router = APIRouter(
    prefix="/api/people", tags=["people"], responses=LOOKING, dependencies=[needs("chat"), needs("documents")]
)

Name = Annotated[str, Path(alias="user", pattern=USER_NAME)]


async def a_person(name: Name, user: TheUser) -> str:
    """Return the user that is named: the one that asks, or for an operator anybody."""
    if name != user.id:
        user.check_operator()
    return name


async def anybody(name: Name, user: Operator) -> str:
    """Return the user that an operator names."""
    return name


Person = Annotated[str, Depends(a_person)]
Anybody = Annotated[str, Depends(anybody)]


class OneRemoved(BaseModel):
    """The conversation or document that is gone for good."""

    user: str
    deleted: str


_ARCHIVE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A zip archive to be saved: JSON, and Markdown to read. One that breaks off cannot be opened.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", dependencies=SEARCHING)
async def list_people(desk: TheDesk, user: Operator, limit: Limit = 50, offset: Offset = 0) -> People:
    """List the users who have a key or have left something here, and how much; an operator sees none of its text."""
    everyone = await _everyone(desk)
    page = everyone[offset : offset + limit]
    conversations = await desk.stores.people.measure_conversations(page)
    documents = await desk.library.stores.documents.owned_amounts(page)
    keyed = await _keyed(desk)
    shown = [
        PersonInfo(user=one, has_key=one in keyed, **vars(conversations[one]), **vars(documents[one])) for one in page
    ]
    return People(total=len(everyone), limit=limit, offset=offset, people=shown)


@router.get("/{user}/export", dependencies=SEARCHING, response_class=Response, responses=_ARCHIVE)
async def export_person(person: Person, desk: TheDesk, actor: TheActor) -> Response:
    """Export everything that the desk holds about you, or for an operator about anybody, as a zip; one at a time."""
    if person not in await _everyone(desk):
        raise PersonUnknown(f"nothing here is {person}'s, and no key")
    desk.streams.check()
    desk.exports.check(person)
    await desk.audit.add(actor.did("person.export", person, person=person))
    copy = PersonalCopy(person, await _keys_of(desk, person), desk.stores.personal_data, desk.library)
    return ArchiveStream(person, copy, desk.exports, desk.streams)


@router.delete("/{user}", responses=fails(507))
async def delete_person(person: Person, desk: TheDesk, actor: TheActor) -> PersonRemoved:
    """Delete all of your data, or for an operator anybody's; what is under way is stopped first.

    A second call deletes nothing more. An operator's documents are everybody's, and stay; so does a key of API_KEYS.
    """
    return await _remove(desk, person, "everything", actor)


@router.delete("/{user}/conversations", responses=fails(507))
async def delete_conversations(person: Person, desk: TheDesk, actor: TheActor) -> PersonRemoved:
    """Delete all conversations and requests for a person; an operator need not read them."""
    return await _remove(desk, person, "conversations", actor)


@router.delete("/{user}/conversations/{thread_id}")
async def delete_conversation(thread_id: str, person: Anybody, desk: TheDesk, actor: TheActor) -> OneRemoved:
    """Delete one of a user's conversations for good, without reading it."""
    await known(desk, person, thread_id)
    entry = actor.did("conversation.destroy", thread_id, {"user": person}, person=person)
    with desk.runs.lanes.closed(thread_id):
        await desk.runs.cancel_thread(thread_id, "the conversation was deleted")
        await desk.deletion.conversation(thread_id, entry=entry)
    return OneRemoved(user=person, deleted=thread_id)


@router.delete("/{user}/documents", responses=fails(507))
async def delete_documents(person: Person, desk: TheDesk, actor: TheActor) -> PersonRemoved:
    """Delete all documents that are the user's own, also those that are being brought in."""
    return await _remove(desk, person, "documents", actor)


@router.delete("/{user}/documents/{document_id}", responses=fails(507))
async def delete_persons_document(document_id: str, person: Anybody, desk: TheDesk, actor: TheActor) -> OneRemoved:
    """Delete one of a user's own documents, without reading it."""
    await desk.library.remove(document_id, owner=person)
    await desk.audit.add(actor.did("document.remove", document_id, {"user": person}, person=person))
    return OneRemoved(user=person, deleted=document_id)


async def _everyone(desk: OpenDesk) -> list[str]:
    owners = await desk.library.stores.documents.owner_names()
    return sorted({*await desk.stores.people.user_names(), *owners, *await _keyed(desk)})


async def _keyed(desk: OpenDesk) -> set[str]:
    """Return the users who have a key that opens the desk; without keys, the one user that there is."""
    now = desk.clock.now()
    usable = (key for key in await desk.keys.every() if not key.revoked_at and (key.expires_at or now) >= now)
    return {key.user_id for key in usable} if desk.users.keyed else {LOCAL.id}


async def _keys_of(desk: OpenDesk, person: str) -> list[dict[str, Any]]:
    """Return what is stored of a person's keys; the keys themselves are not."""
    used = await desk.keys.last_uses()
    hidden = ("digest", "scopes")
    return [
        {name: value for name, value in vars(key).items() if name not in hidden}
        | {"scopes": sorted(key.scopes), "last_used_at": used.get(key.id)}
        for key in await desk.keys.every()
        if key.user_id == person
    ]


async def _remove(desk: OpenDesk, person: str, part: RemovalPart, actor: TheActor) -> PersonRemoved:
    deleted = await desk.removals.remove(person, part, actor)
    in_settings = sum(key.user_id == person for key in desk.users.in_settings())
    everything = part == "everything"
    return PersonRemoved(
        user=person,
        part=part,
        conversations=deleted["threads"],
        days_of_spending=deleted["spending"],
        keys_revoked=deleted["keys"],
        keys_in_settings=in_settings,
        note=_KEYS_STAY if everything and in_settings else "",
        **{name: deleted[name] for name in ("runs", "messages", "feedback", "handovers", "documents")},
    )


_KEYS_STAY = "A key in API_KEYS is a setting, which the desk cannot change: take it out there and restart the desk."
