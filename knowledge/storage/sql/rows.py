"""How rows of the table of documents are read, and which of them a user may see."""

from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentInfo

_INFO = """SELECT id, folder, source, path, title, content_hash, version, updated_at, owner, chunks FROM documents"""
# The only rule of visibility.
VISIBLE = "owner IN ('', ?)"


def document_infos(db: Connection, rest: str, *values: object) -> list[DocumentInfo]:
    """Return the documents of a query's rest: its conditions, order and limit."""
    return [DocumentInfo(**dict(row)) for row in db.execute(f"{_INFO} {rest}", values)]
