"""The collections of Chroma: their names, and the client that opens them."""

from pathlib import Path
from typing import cast

import chromadb
from chromadb.api.client import Client
from chromadb.config import Settings

from knowledge.storage.documents import DocumentPlace

# Chroma requires names to end in a letter or digit; a folder's name may end otherwise.
_SHARED, _OWN, _SUFFIX = "folder.", "own.", ".0"


def collection_name(place: DocumentPlace) -> str:
    """Return the name of a place's collection."""
    # In hexadecimal, no owner's name can clash with another owner's collections or a shared folder's.
    start = f"{_OWN}{place.owner.encode().hex()}." if place.owner else _SHARED
    return f"{start}{place.folder}{_SUFFIX}"


def place_of(name: str) -> DocumentPlace:
    """Return the place of a collection."""
    if name.startswith(_SHARED):
        return DocumentPlace(name.removeprefix(_SHARED).removesuffix(_SUFFIX))
    owner, _, folder = name.removeprefix(_OWN).removesuffix(_SUFFIX).partition(".")
    return DocumentPlace(folder, bytes.fromhex(owner).decode())


def open_client(directory: Path) -> Client:
    """Open Chroma in a directory."""
    client = chromadb.PersistentClient(str(directory), settings=Settings(anonymized_telemetry=False))
    return cast(Client, client)
