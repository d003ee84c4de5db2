"""The root of the error tree, and the errors about documents.

DeskError
├── KnowledgeError
│   ├── DataDirectoryInUse      another process owns the data directory
│   ├── DataDirectoryUnusable   DATA_DIR cannot be used
│   │   ├── DatabaseDamaged         a database file is damaged, or does not belong to the server
│   │   └── DatabaseNewer           a later release of the server has written a database file
│   ├── EmbeddingModelUnusable  EMBEDDING_MODEL cannot be loaded
│   ├── RerankerUnusable        RERANKER cannot be loaded
│   ├── WeightsNotDownloaded    a model cannot be downloaded, or has no weights that may be loaded
│   ├── DocumentUnreadable      one file cannot become a document
│   ├── DocumentsNotFound       a path that does not exist or holds nothing to index
│   │   └── DocumentsEmptied        and held documents before
│   ├── QuestionsInvalid        labelled questions that cannot be used
│   ├── ReportNotWritten        the page of an evaluation cannot be written
│   ├── DocumentUnknown         no document of that id
│   ├── OwnQuotaReached         a user has reached the limit of their own documents
│   │   ├── TooManyDocuments        in number
│   │   └── OwnSpaceFull            in bytes of text
│   ├── DocumentSuperseded      a newer version of a document was sent while it was being processed
│   ├── DocumentsForgotten      a user's documents were removed while one was being stored
│   ├── OwnerInvalid            a name that cannot be an owner's
│   ├── EmbeddingModelChanged   the embedding model was changed while a document was being embedded
│   ├── IndexUnavailable        the vector index does not answer
│   └── StorageFull             the disk has no room for a write
└── agents.errors, backend.errors
"""

from collections.abc import Sequence
from typing import ClassVar


class DeskError(Exception):
    """An error for users or operators, with a stable code and a message that says what to do."""

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class KnowledgeError(DeskError):
    """Base class of the errors about documents."""

    code = "knowledge_error"


class DataDirectoryInUse(KnowledgeError):
    """Another process owns the data directory; two at once would silently corrupt the vector index."""

    code = "data_directory_in_use"

    def __init__(self, message: str, owner_url: str | None = None) -> None:
        super().__init__(message)
        self.owner_url = owner_url


class DataDirectoryUnusable(KnowledgeError):
    """The data directory is not a directory, not writable, or damaged."""

    code = "data_directory_unusable"


class DatabaseDamaged(DataDirectoryUnusable):
    """A database file is damaged, found at start or while serving; only a backup or a rebuild from sources helps."""

    code = "database_damaged"


class DatabaseNewer(DataDirectoryUnusable):
    """A later release has written the database; an older one does not know its schema and would break it."""

    code = "database_newer"


class EmbeddingModelUnusable(KnowledgeError):
    """EMBEDDING_MODEL names nothing that can be loaded."""

    code = "embedding_model_unusable"


class RerankerUnusable(KnowledgeError):
    """RERANKER names nothing that can be loaded, or no model that scores a pair."""

    code = "reranker_unusable"


class WeightsNotDownloaded(KnowledgeError):
    """A model that the command was to download is not to be had, or not in a format that is loaded."""

    code = "weights_not_downloaded"


class DocumentUnreadable(KnowledgeError):
    """A file cannot become a document; the ingestion report states the reason beside the file's name."""

    code = "document_unreadable"


class DocumentsNotFound(KnowledgeError):
    """The path to index does not exist or holds no readable file; `ignored` are the files that it holds."""

    code = "documents_not_found"

    def __init__(self, message: str, ignored: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.ignored = ignored


class DocumentsEmptied(DocumentsNotFound):
    """A directory holds no document any more, while the desk still has those that came from there."""

    code = "documents_emptied"


class QuestionsInvalid(KnowledgeError):
    """The file of labelled questions cannot be used."""

    code = "questions_invalid"


class ReportNotWritten(KnowledgeError):
    """An evaluation's page could not be stored where it was wanted."""

    code = "report_not_written"


class DocumentUnknown(KnowledgeError):
    """No document has that id."""

    code = "document_not_found"


class OwnQuotaReached(KnowledgeError):
    """A user has reached the limit of their own documents; without one, a single user could fill the shared disk."""

    code = "own_quota_reached"


class TooManyDocuments(OwnQuotaReached):
    """A user has as many documents of their own as they may have."""

    code = "too_many_documents"


class OwnSpaceFull(OwnQuotaReached):
    """A user's own documents have reached MAX_OWN_BYTES."""

    code = "own_space_full"


class DocumentSuperseded(KnowledgeError):
    """A newer version of the document was sent while this one was being processed."""

    code = "document_superseded"


class DocumentsForgotten(KnowledgeError):
    """A user's documents were removed while one was being stored; it does not come back after the removal."""

    code = "documents_forgotten"


class OwnerInvalid(KnowledgeError):
    """The name given cannot be a user's."""

    code = "owner_invalid"


class EmbeddingModelChanged(KnowledgeError):
    """The vectors to be stored are of another model than the stored ones; comparing the two says nothing."""

    code = "embedding_model_changed"
    retryable = True


class IndexUnavailable(KnowledgeError):
    """The vector index does not answer; an outage is never reported as 'nothing found'."""

    code = "index_unavailable"
    retryable = True


class StorageFull(KnowledgeError):
    """The disk is full; stored data is safe, and the failed write has left no partial data."""

    code = "storage_full"
    retryable = True
