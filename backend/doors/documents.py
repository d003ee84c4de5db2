"""Documents while the desk serves: list, add or replace, remove."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form, Query, UploadFile
from pydantic import AfterValidator, BaseModel

from backend.desk import Desk
from backend.doors.common import LOOKING, TELLING, TheDesk, TheUser
from backend.errors import TooManyDocuments
from backend.users import User
from knowledge.errors import DocumentUnreadable
from knowledge.store import DocumentInfo, DocumentKey

router = APIRouter(prefix="/api/documents", tags=["documents"], responses=LOOKING)


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/") or not path.isprintable():
        raise ValueError("must lead from the directory the document came from to the document, without ..")
    return path


_Path = Annotated[
    str,
    Form(
        min_length=1,
        max_length=1_000,
        description="The document's path below the directory it came from.",
        examples=["billing/refunds.md"],
    ),
    AfterValidator(_inside),
]


class Document(BaseModel):
    """A stored document, without its text."""

    id: str
    folder: str
    source: str
    path: str
    title: str
    content_hash: str
    version: int
    chunks: int
    updated_at: float


class DocumentWhole(Document):
    """With its text, as Markdown whatever format it came in."""

    markdown: str


class Documents(BaseModel):
    """Everybody's documents and your own."""

    documents: list[Document]


class Removed(BaseModel):
    """Which document is gone."""

    deleted: str


@router.get("")
async def list_documents(
    desk: TheDesk, user: TheUser, folder: Annotated[str | None, Query(max_length=100)] = None
) -> Documents:
    """Everybody's documents and your own, or those of one knowledge folder."""
    return Documents(documents=[_document(info) for info in await desk.library.listing(folder, owner=user.owner)])


@router.post("", responses=TELLING)
async def put_document(
    desk: TheDesk,
    user: TheUser,
    file: UploadFile,
    folder: Annotated[
        str, Form(max_length=100, description="The knowledge folder of one or more agents.", examples=["billing"])
    ],
    path: _Path,
    source: Annotated[str, Form(max_length=1_000)] = "upload",
) -> Document:
    """Add a document to a knowledge folder, or replace the one of the same source and path.

    What an operator adds is for everybody; from what anyone else adds, they alone are answered.
    """
    data = await file.read()
    if len(data) > desk.settings.max_document_bytes:
        raise DocumentUnreadable(f"{len(data):,} bytes; the limit is {desk.settings.max_document_bytes:,}")
    key = DocumentKey(desk.catalog.folder(folder), source, path, user.owner)
    await _check_room(desk, user, key)
    return _document(await desk.library.put(key, data))


@router.get("/{document_id}")
async def get_document(document_id: str, desk: TheDesk, user: TheUser) -> DocumentWhole:
    """A document with its text: everybody's, or your own."""
    document = await desk.library.whole(document_id, owner=user.owner)
    return DocumentWhole(**asdict(document.info), markdown=document.markdown)


@router.delete("/{document_id}")
async def delete_document(document_id: str, desk: TheDesk, user: TheUser) -> Removed:
    """Remove a document; the next answer does not know it any more."""
    await desk.library.remove(document_id, owner=user.owner)
    return Removed(deleted=document_id)


async def _check_room(desk: Desk, user: User, key: DocumentKey) -> None:
    """Operators know what they do; anyone else may have so many documents of their own."""
    if user.operator:
        return
    own = {info.id for info in await desk.library.listing(owner=user.owner) if info.owner}
    most = desk.settings.max_own_documents
    if key.id not in own and len(own) >= most:
        raise TooManyDocuments(f"You have {len(own)} documents of your own, and may have {most}; remove some first.")


def _document(info: DocumentInfo) -> Document:
    return Document(**asdict(info))
