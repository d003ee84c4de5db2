"""The root of the error tree, and what can go wrong with documents.

DeskError
├── KnowledgeError
│   ├── DataDirectoryInUse      another process owns the data directory
│   ├── DataDirectoryUnusable   DATA_DIR cannot be used
│   │   ├── DatabaseDamaged         a database file is damaged, or is none of the desk's
│   │   └── DatabaseNewer           a later release of the desk has written a database file
│   ├── EmbeddingModelUnusable  EMBEDDING_MODEL cannot be loaded
│   ├── RerankerUnusable        RERANKER cannot be loaded
│   ├── DocumentUnreadable      one file cannot become a document
│   ├── DocumentsNotFound       a path that does not exist or holds nothing to index
│   ├── QuestionsInvalid        labelled questions that cannot be used
│   ├── ReportNotWritten        no room, or no right, for the page of an evaluation
│   ├── DocumentUnknown         no document of that id
│   ├── OwnQuotaReached         a user has as much of their own as they may have
│   │   ├── TooManyDocuments        as many documents
│   │   └── OwnSpaceFull            as many bytes of text
│   ├── DocumentsForgotten      a user's documents were removed while one was brought in
│   ├── OwnerInvalid            what cannot name the owner of a document
│   ├── EmbeddingModelChanged   the stored vectors are of another model
│   ├── IndexUnavailable        the vector index does not answer
│   └── StorageFull             there is no room for what should be stored
└── agents.errors, backend.errors
"""

from collections.abc import Sequence
from typing import ClassVar


class DeskError(Exception):
    """Something a user or operator should hear of: a stable code, and a message that says what to do."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class KnowledgeError(DeskError):
    """Anything about documents."""

    code = "knowledge_error"


class DataDirectoryInUse(KnowledgeError):
    """A data directory has one owner at a time; two would break the vector index without a word."""

    code = "data_directory_in_use"

    def __init__(self, message: str, owner_url: str | None = None) -> None:
        super().__init__(message)
        self.owner_url = owner_url


class DataDirectoryUnusable(KnowledgeError):
    """Not a directory, not writable, or what lies there is damaged."""

    code = "data_directory_unusable"


class DatabaseDamaged(DataDirectoryUnusable):
    """Found when the desk starts, or while it serves; only a backup, or what can be made anew, helps."""

    code = "database_damaged"


class DatabaseNewer(DataDirectoryUnusable):
    """An older release does not know what a later one has stored, and would break it."""

    code = "database_newer"


class EmbeddingModelUnusable(KnowledgeError):
    """EMBEDDING_MODEL names nothing that can be loaded."""

    code = "embedding_model_unusable"


class RerankerUnusable(KnowledgeError):
    """RERANKER names nothing that can be loaded, or no model that scores a pair."""

    code = "reranker_unusable"


class DocumentUnreadable(KnowledgeError):
    """The reason goes into the ingestion report beside the file's name."""

    code = "document_unreadable"


class DocumentsNotFound(KnowledgeError):
    """The path to index does not exist or holds nothing that can be read; `ignored` are the files that it does hold."""

    code = "documents_not_found"

    def __init__(self, message: str, ignored: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.ignored = ignored


class QuestionsInvalid(KnowledgeError):
    """The file of labelled questions cannot be used."""

    code = "questions_invalid"


class ReportNotWritten(KnowledgeError):
    """An evaluation's page could not be stored where it was wanted."""

    code = "report_not_written"


class DocumentUnknown(KnowledgeError):
    """No document of that id."""

    code = "document_not_found"


class OwnQuotaReached(KnowledgeError):
    """What somebody has of their own has a limit, or one user could fill the disk of all."""

    code = "own_quota_reached"


class TooManyDocuments(OwnQuotaReached):
    """A user may have so many documents of their own."""

    code = "too_many_documents"


class OwnSpaceFull(OwnQuotaReached):
    """MAX_OWN_BYTES."""

    code = "own_space_full"


class DocumentsForgotten(KnowledgeError):
    """What was sent before a removal does not come back after it."""

    code = "documents_forgotten"


class OwnerInvalid(KnowledgeError):
    """No user is called so."""

    code = "owner_invalid"


class EmbeddingModelChanged(KnowledgeError):
    """Vectors of two models cannot be compared; every answer would be wrong without a word."""

    code = "embedding_model_changed"


class IndexUnavailable(KnowledgeError):
    """An outage of the index is never reported as 'nothing found'."""

    code = "index_unavailable"
    retryable = True


class StorageFull(KnowledgeError):
    """Nothing that was stored is lost, and what could not be stored is not there by half."""

    code = "storage_full"
    retryable = True
