"""The quota of a user's own documents, in number and in bytes of text."""

from dataclasses import dataclass

from pydantic import BaseModel

from knowledge.errors import OwnSpaceFull, TooManyDocuments


class OwnerQuota(BaseModel, frozen=True):
    """The limits of one owner's documents in total."""

    documents: int
    bytes: int


@dataclass(frozen=True)
class OwnedAmount:
    """The number of an owner's documents, and the bytes of their texts."""

    documents: int
    document_bytes: int


def check_quota(quota: OwnerQuota, others: OwnedAmount, text_bytes: int) -> None:
    """Refuse a document that, together with the documents it does not replace, exceeds its owner's quota."""
    if others.documents >= quota.documents:
        raise TooManyDocuments(
            f"You have {others.documents} documents of your own, and may have {quota.documents}; remove some first."
        )
    if others.document_bytes + text_bytes > quota.bytes:
        raise OwnSpaceFull(
            f"Your documents have {others.document_bytes:,} bytes of text and may have {quota.bytes:,}, so "
            f"{text_bytes:,} more are too many; remove some first."
        )
