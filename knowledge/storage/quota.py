"""The quota of a user's own documents, in number and in bytes of text."""

import sqlite3

from pydantic import BaseModel

from knowledge.errors import OwnSpaceFull, TooManyDocuments
from knowledge.storage.documents import DocumentKey


class OwnerQuota(BaseModel, frozen=True):
    """The limits of one owner's documents in total."""

    documents: int
    bytes: int


def check_quota(db: sqlite3.Connection, key: DocumentKey, quota: OwnerQuota | None, text_bytes: int = 1) -> None:
    """Refuse a document that, together with the documents it does not replace, exceeds its owner's quota."""
    if quota is None or not key.owner:
        return
    others = "SELECT count(*), coalesce(sum(bytes), 0) FROM documents WHERE owner = ?"
    count, taken = db.execute(others, (key.owner,)).fetchone()
    replaced = db.execute("SELECT bytes FROM documents WHERE owner = ? AND id = ?", (key.owner, key.id)).fetchone()
    if replaced:
        count, taken = count - 1, taken - replaced["bytes"]
    if count >= quota.documents:
        raise TooManyDocuments(
            f"You have {count} documents of your own, and may have {quota.documents}; remove some first."
        )
    if taken + text_bytes > quota.bytes:
        raise OwnSpaceFull(
            f"Your documents have {taken:,} bytes of text and may have {quota.bytes:,}, so {text_bytes:,} more are "
            "too many; remove some first."
        )
