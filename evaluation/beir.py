"""Read a set in BEIR's layout: a corpus, queries, and which documents answer them. The corpus is read as a stream.

`corpus.jsonl` has `_id`, `title`, `text`; `queries.jsonl` has `_id`, `text` and perhaps `answerable`; `qrels.tsv`, or
`qrels/test.tsv`, has the columns query-id, corpus-id and score below a header.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from evaluation.reading import line_error, read_lines, read_objects
from knowledge.errors import QuestionsInvalid
from knowledge.library import Library
from knowledge.loaders import LoadedText
from knowledge.storage.documents import DocumentKey

FOLDER = "corpus"
_SOURCE = "beir"
_CORPUS = "corpus.jsonl"
_DOCUMENTS_AT_ONCE = 1_000
_CHARS_AT_ONCE = 4_000_000
_QRELS_NAMES = ("qrels.tsv", "qrels/test.tsv", "qrels/dev.tsv", "qrels/train.tsv")


@dataclass
class Query:
    """A query, the documents that answer it (with their grades), and whether any does, if that is stated."""

    id: str
    text: str
    answerable: bool | None
    relevant: dict[str, int] = field(default_factory=dict)


class _BeirLine(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str = Field(alias="_id", min_length=1)


class _BeirDocument(_BeirLine):
    title: str | None = None
    text: str | None = None


class _BeirQuery(_BeirLine):
    text: str = Field(min_length=1)
    answerable: bool | None = None


def read_ids(directory: Path) -> set[str]:
    """Return the ids of the corpus's documents, and find its errors before hours go into indexing it."""
    path = directory / _CORPUS
    ids: set[str] = set()
    for number, line in read_objects(path, _BeirDocument):
        if line.id in ids:
            raise line_error(path, number, f"there is a document {line.id[:100]!r} already")
        ids.add(line.id)
    if not ids:
        raise QuestionsInvalid(f"{path} holds no documents")
    return ids


async def index_corpus(directory: Path, library: Library) -> None:
    """Index the corpus in the library, as one folder."""
    for batch in _document_batches(_read_documents(directory / _CORPUS)):
        await library.put_texts(batch)


def read_queries(directory: Path, documents: set[str]) -> list[Query]:
    """Return the queries with a judgement: a document that answers them, or whether any does."""
    queries: dict[str, Query] = {}
    path = directory / "queries.jsonl"
    for number, line in read_objects(path, _BeirQuery):
        if line.id in queries:
            raise line_error(path, number, f"there is a query {line.id[:100]!r} already")
        queries[line.id] = Query(line.id, line.text, line.answerable)
    _read_judgements(_qrels_file(directory), queries, documents)
    judged = [query for query in queries.values() if query.relevant or query.answerable is not None]
    if not judged:
        raise QuestionsInvalid(
            f"{directory} has no query that a document answers, nor one said to be answerable or not"
        )
    return judged


def _document_batches(
    documents: Iterable[tuple[DocumentKey, LoadedText]],
) -> Iterator[list[tuple[DocumentKey, LoadedText]]]:
    """Yield batches as large as embeds well, but never so large that memory runs short."""
    batch: list[tuple[DocumentKey, LoadedText]] = []
    chars = 0
    for key, text in documents:
        batch.append((key, text))
        chars += len(text.markdown)
        if len(batch) == _DOCUMENTS_AT_ONCE or chars > _CHARS_AT_ONCE:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _read_documents(path: Path) -> Iterator[tuple[DocumentKey, LoadedText]]:
    for _, line in read_objects(path, _BeirDocument):
        title, text = (line.title or "").strip(), (line.text or "").strip()
        if text or title:
            yield DocumentKey(FOLDER, _SOURCE, line.id), LoadedText(title=title, markdown=text or title)


def _read_judgements(path: Path, queries: dict[str, Query], documents: set[str]) -> None:
    """Record which documents answer which queries."""
    for number, line in read_lines(path):
        columns = line.split("\t")
        if number == 1 and columns[0] == "query-id":
            continue
        if len(columns) != 3 or not columns[2].lstrip("-").isdecimal():
            raise line_error(path, number, "not a query-id, a corpus-id and a whole number, with tabs between them")
        query, document, grade = columns
        if query not in queries:
            raise line_error(path, number, f"there is no query {query[:100]!r}")
        if document not in documents:
            raise line_error(path, number, f"there is no document {document[:100]!r}")
        if int(grade) > 0:
            queries[query].relevant[document] = int(grade)


def _qrels_file(directory: Path) -> Path:
    for name in _QRELS_NAMES:
        if (directory / name).is_file():
            return directory / name
    raise QuestionsInvalid(f"{directory} has none of {', '.join(_QRELS_NAMES)}")
