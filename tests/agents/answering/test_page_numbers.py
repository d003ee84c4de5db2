"""A source says on which page it stands, from the file to the event and the prompt."""

from pathlib import Path

from agents.answering.prompt import evidence_block
from agents.answering.sources import SourceNumbering
from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import Event, Source, Sources
from knowledge.library import Library
from knowledge.retrieval.strategies import Evidence
from knowledge.storage import migrations
from knowledge.storage.database import Connection
from knowledge.storage.documents import DocumentKey
from knowledge.storage.sql.passages import SqlPassageStore
from knowledge.storage.sqlite import SqliteDatabase
from tests.agents.evidence import NOTES, gather
from tests.knowledge import files

QUESTION = "How long can an annual plan be cancelled?"


async def learn_handbook(library: Library) -> None:
    pages = [
        files.heading("Handbook"),
        files.paragraph("Parking is free for visitors."),
        files.new_page(),
        files.heading("Annual plans", 2),
        files.paragraph("An annual plan can be cancelled within 30 days."),
    ]
    await library.put(DocumentKey(NOTES, "test", "handbook.pdf"), files.pdf(pages))
    await library.put(DocumentKey(NOTES, "test", "note.md"), b"# Note\n\nA monthly plan can be cancelled any day.")


async def test_a_passage_of_a_pdf_names_its_page_to_the_client_and_to_the_model(library: Library) -> None:
    await learn_handbook(library)
    evidence = await gather(library, QUESTION)
    sources = shown(evidence)
    assert not any(source.whole for source in sources)
    pages = {(source.title, source.section): source.page for source in sources}
    assert pages == {("Handbook", "Annual plans"): 2, ("Handbook", ""): 1, ("Note", ""): None}
    block = evidence_block(evidence.excerpts)
    assert 'title="Handbook" section="Annual plans" page=2>' in block
    assert 'title="Note" section="">' in block


async def test_a_whole_document_says_so_and_has_no_page(library: Library) -> None:
    await learn_handbook(library)
    evidence = await gather(library, QUESTION, strategy="cag")
    sources = shown(evidence)
    assert sources
    assert {(source.whole, source.page, source.section) for source in sources} == {(True, None, "")}


def shown(evidence: Evidence) -> list[Source]:
    """What a client is told of it."""
    told: list[Event] = []
    SourceNumbering("billing", AnswerStream(), told.append).begin(evidence)
    (event,) = (event for event in told if isinstance(event, Sources))
    return event.sources


async def test_chunks_of_before_have_no_page(tmp_path: Path) -> None:
    before = migrations.MIGRATIONS[: migrations.MIGRATIONS.index(migrations.add_pages)]
    old = SqliteDatabase(tmp_path / "knowledge.db", before)

    def fill(db: Connection) -> None:
        db.execute("INSERT INTO documents VALUES ('d', 'f', 's', 'p', 't', 'h', 1, 'm', 0, '')")
        db.execute("INSERT INTO chunks VALUES (1, 'd', 0, 'Plans', 'Text.', x'00')")

    await old.write(fill)
    await old.close()
    new = SqliteDatabase(tmp_path / "knowledge.db", migrations.MIGRATIONS)
    chunks = await SqlPassageStore(new).chunks_by_id([1], "")
    await new.close()
    assert (chunks[1].section, chunks[1].page) == ("Plans", None)
