"""The documents to which links in other documents lead."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.storage.database import Connection, containing
from knowledge.storage.documents import DocumentInfo, DocumentKey
from knowledge.storage.sql.rows import VISIBLE, document_infos
from knowledge.text.document_links import common_ending, linked_path, page_names

# The forms of a path that leads to the page "_" or its index; the underscore is replaced before SQL sees it.
_FORMS = ("%/_", "%/_.%", "%/_/%", "%--_.%", "%--_--%", "_/%")
# Every folder may have a page of the same name.
_MOST_CANDIDATES = 1_000


@dataclass(frozen=True)
class _Candidate:
    """A document by its key, with the names of its folder and path."""

    key: DocumentKey
    names: tuple[str, ...]


def linked_documents(db: Connection, targets: Sequence[str], near: str, owner: str) -> dict[str, DocumentInfo]:
    """Return the visible documents to which the targets lead, by target."""
    home = next(iter(document_infos(db, f"WHERE id = ? AND {VISIBLE}", near, owner)), None)
    chosen = {target: key for target in targets if (key := _linked_key(db, target, home, owner))}
    found = {key: document_infos(db, f"WHERE id = ? AND {VISIBLE}", key.id, owner) for key in set(chosen.values())}
    return {target: found[key][0] for target, key in chosen.items() if found[key]}


def _linked_key(db: Connection, target: str, home: DocumentInfo | None, owner: str) -> DocumentKey | None:
    path = linked_path(target)
    wanted = page_names(path)
    if not wanted:
        return None
    # An index holds these columns, so that no text is read.
    forms = [form.replace("_", containing(wanted[-1])[1:-1]) for form in _FORMS]
    fits = " OR ".join(["folder || '/' || path LIKE ? ESCAPE '\\'"] * len(forms))
    keys = f"""SELECT folder, source, path, owner FROM documents
        WHERE {VISIBLE} AND ({fits}) ORDER BY folder, owner, path, source LIMIT ?"""
    rows = db.execute(keys, (owner, *forms, _MOST_CANDIDATES)).fetchall()
    candidates = [_Candidate(DocumentKey(*row), page_names(f"{row['folder']}/{row['path']}")) for row in rows]
    fitting = [one for one in candidates if common_ending(one.names, wanted) >= min(len(one.names), len(wanted))]

    def rank(one: _Candidate) -> tuple[bool, int, bool, bool]:
        is_near = home is not None and (one.key.folder, one.key.owner) == (home.folder, home.owner)
        is_same_source = is_near and home is not None and one.key.source == home.source
        exact = is_same_source and one.key.path == path.lstrip("/")
        return exact, common_ending(one.names, wanted), is_same_source, is_near

    best = max(fitting, key=rank, default=None)
    return best.key if best else None
