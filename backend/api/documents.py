"""Documents while the desk serves: list, read, add or replace, import by archive, re-index, remove."""

import time
import uuid
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Form, Query, UploadFile
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from backend.api.deps import (
    ASKING,
    LOOKING,
    SEARCHING,
    TELLING,
    UPLOADING,
    Offset,
    Operator,
    Search,
    StrictBody,
    TheActor,
    TheDesk,
    TheUser,
    fails,
    needs,
)
from backend.desk import OpenDesk
from backend.runs.indexing_job import INDEXING, IndexingOrder
from backend.runs.intake import RunRequest
from backend.users import DeskUser
from frontdesk.contracts.resources import Begun, Document, DocumentLinks, DocumentPage, DocumentWhole, LinkedDocument
from knowledge.errors import DocumentUnreadable
from knowledge.storage.documents import DocumentFilter, DocumentInfo, DocumentKey, hash_of
from knowledge.storage.quota import OwnerQuota
from knowledge.text.paths import MAX_PATH_CHARS, checked_path

router = APIRouter(prefix="/api/documents", tags=["documents"], responses=LOOKING, dependencies=[needs("documents")])

# These endpoints only start the work; it is done when the run is.
_BEGINNING = {**ASKING, **fails(507)}


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("must lead from the directory the document came from to the document, without ..")
    return checked_path(path)


_Path = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PATH_CHARS,
        description="The document's path below the directory it came from.",
        examples=["billing/refunds.md"],
    ),
    AfterValidator(_inside),
]


_Source = Annotated[str, Field(max_length=MAX_PATH_CHARS), AfterValidator(checked_path)]


class Upload(StrictBody):
    """A file, and what it is called and for."""

    file: UploadFile
    folder: str = Field(max_length=100, description="The knowledge folder of one or more agents.", examples=["billing"])
    path: _Path
    source: _Source = "upload"


_Upload = Annotated[Upload, Form(media_type="multipart/form-data")]


class Reindex(StrictBody):
    """The knowledge folder to re-index; all of them without it."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"folder": "billing"}]})

    folder: str | None = Field(default=None, max_length=100)


_EVERYTHING = Reindex()


class LinkTargets(StrictBody):
    """The targets of links, and the id of the document in which they stand."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"targets": ["doc:billing/refunds.md#annual"]}]})

    targets: list[Annotated[str, Field(max_length=3_100)]] = Field(max_length=50)
    near: str = Field(default="", max_length=64)


class Removed(BaseModel):
    """The id of a removed document."""

    deleted: str


@router.get("", dependencies=SEARCHING)
async def list_documents(
    desk: TheDesk,
    user: TheUser,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    offset: Offset = 0,
    folder: Annotated[str | None, Query(max_length=100)] = None,
    search: Search = None,
    after: Annotated[
        str | None,
        Query(pattern="^[0-9a-f]{0,16}$", description="The last id of the page before; empty for the first."),
    ] = None,
) -> DocumentPage:
    """List everybody's documents and your own, or those of one folder; `search` looks into titles and paths.

    They come by folder and path. To read all of them while some come and go, page by id, with `after`.
    """
    folders = await desk.library.by_folder(DocumentFilter(user.owner, search=search))
    found = await desk.library.page(DocumentFilter(user.owner, folder, search), limit, offset, after)
    return DocumentPage(
        total=folders.get(folder, 0) if folder else sum(folders.values()),
        limit=limit,
        offset=offset,
        folders=folders,
        documents=[_document(info, user) for info in found],
    )


@router.post("", dependencies=UPLOADING, responses={**TELLING, **fails(507)})
async def put_document(desk: TheDesk, user: TheUser, actor: TheActor, sent: _Upload) -> Document:
    """Add a document to a knowledge folder, or replace the one of the same source and path.

    An operator's documents are for everybody; a document of any other user is used in that user's answers alone.
    """
    data = await _read(desk, sent.file)
    key = DocumentKey(desk.catalog.checked_folder(sent.folder), sent.source, sent.path, user.owner)
    stored = await desk.library.put(key, data, quota=_quota(desk, user))
    before = {"version": stored.version - 1} if stored.version > 1 else None
    action = "document.replace" if before else "document.add"
    await desk.audit.add(actor.did(action, stored.id, before, _recorded(stored), person=user.owner or None))
    return _document(stored, user)


@router.post("/archives", status_code=202, dependencies=UPLOADING, responses=_BEGINNING)
async def put_archive(desk: TheDesk, user: TheUser, actor: TheActor, sent: _Upload) -> Begun:
    """Import the documents of a zip archive, as a run: follow it at `/runs/{id}/stream`. Its text is the report.

    The members become documents below the archive's name. The same archive again changes only what has changed.
    """
    if not sent.path.lower().endswith(".zip"):
        raise DocumentUnreadable("an archive's name ends in .zip; send single documents to /api/documents")
    order = IndexingOrder(
        work="archive",
        folder=desk.catalog.checked_folder(sent.folder),
        archive=sent.path,
        source=sent.source,
        owner=user.owner,
        quota=_quota(desk, user),
    )
    data = await _read(desk, sent.file)
    run_id = str(uuid.uuid4())
    await desk.indexing.keep(run_id, data)
    try:
        begun = await _begin(desk, user, order, f"Bring in {sent.path}", run_id)
    except BaseException:
        await desk.indexing.drop(run_id)
        raise
    what = {"folder": order.folder, "content_hash": hash_of(data), "owner": user.owner or None}
    if not user.owner:
        what |= {"source": sent.source, "path": sent.path}
    await desk.audit.add(actor.did("document.archive", run_id, None, what, person=user.owner or None))
    return begun


@router.post("/reindex", status_code=202, responses=_BEGINNING)
async def reindex(
    desk: TheDesk, user: Operator, actor: TheActor, wanted: Annotated[Reindex, Body()] = _EVERYTHING
) -> Begun:
    """Chunk and embed the stored documents again, as a run: follow it at `/runs/{id}/stream`.

    Needed after a release that changes either. Each document answers as before until it is done.
    """
    folder = desk.catalog.checked_folder(wanted.folder) if wanted.folder else None
    begun = await _begin(
        desk,
        user,
        IndexingOrder(work="reindex", folder=folder, since=time.time()),
        f"Re-index {folder or 'everything'}",
    )
    await desk.audit.add(actor.did("document.reindex", begun.run_id, None, {"folder": folder}))
    return begun


@router.post("/links", dependencies=SEARCHING, responses=TELLING)
async def find_links(desk: TheDesk, user: TheUser, wanted: LinkTargets) -> DocumentLinks:
    """Find the documents to which links lead that documents and answers hold as `doc:PATH`.

    Targets without a document that the user may see are left out: show such a link as text.
    """
    found = await desk.library.stores.documents.linked_documents(wanted.targets, wanted.near, user.owner)
    return DocumentLinks(
        links={
            target: LinkedDocument(id=info.id, title=info.title, folder=info.folder) for target, info in found.items()
        }
    )


@router.get("/{document_id}")
async def get_document(document_id: str, desk: TheDesk, user: TheUser) -> DocumentWhole:
    """Return a document with its text: everybody's, or your own."""
    document = await desk.library.whole(document_id, owner=user.owner)
    return DocumentWhole(**vars(_shown(document.info, user)), markdown=document.markdown)


@router.delete("/{document_id}")
async def delete_document(document_id: str, desk: TheDesk, user: TheUser, actor: TheActor) -> Removed:
    """Remove a document; the next answer no longer uses it."""
    document = await desk.library.whole(document_id, owner=user.owner)
    await desk.library.remove(document_id, owner=user.owner)
    entry = actor.did("document.remove", document_id, _recorded(document.info), person=user.owner or None)
    await desk.audit.add(entry)
    return Removed(deleted=document_id)


async def _read(desk: OpenDesk, file: UploadFile) -> bytes:
    data = await file.read()
    if len(data) > desk.settings.max_document_bytes:
        raise DocumentUnreadable(f"{len(data):,} bytes; the limit is {desk.settings.max_document_bytes:,}")
    return data


async def _begin(desk: OpenDesk, user: DeskUser, order: IndexingOrder, what: str, run_id: str | None = None) -> Begun:
    """Start the run of an order, one at a time for each user: two would do the same work twice."""
    request = order.model_dump_json(exclude_defaults=True)
    asked = RunRequest(user.id, what, INDEXING, session_id=INDEXING, run_id=run_id, request=request)
    run = await desk.runs.start(asked)
    return Begun(run_id=run.id, thread_id=run.thread_id)


def _quota(desk: OpenDesk, user: DeskUser) -> OwnerQuota | None:
    """Return the quota of a user's own documents; operators have none."""
    settings = desk.settings
    return None if user.operator else OwnerQuota(documents=settings.max_own_documents, bytes=settings.max_own_bytes)


def _recorded(info: DocumentInfo) -> dict[str, Any]:
    """Return what the audit log keeps of a document; it outlives the document, so a user's words stay out of it."""
    told = {"folder": info.folder, "version": info.version, "content_hash": info.content_hash}
    if info.owner:
        return told | {"owner": info.owner}
    return told | {"owner": None, "source": info.source, "path": info.path}


def _document(info: DocumentInfo, user: DeskUser) -> Document:
    return Document(**vars(_shown(info, user)))


def _shown(info: DocumentInfo, user: DeskUser) -> DocumentInfo:
    """Hide from users where everybody's documents lie on the desk's machine: that is for operators to know."""
    return info if info.owner or user.operator else replace(info, source="")
