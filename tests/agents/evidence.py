"""Evidence made of documents that a test writes, and a prompt on it."""

from agents.answering.prompt import Prompt
from agents.catalog import Agent
from knowledge import loaders
from knowledge.ingestion import chunking
from knowledge.library import Library
from knowledge.retrieval.search import Searcher
from knowledge.retrieval.strategies import Evidence, EvidenceGatherer, Excerpt, Strategy
from knowledge.storage.documents import DocumentKey

NOTES = "notes"
VOUCHERS = "A gift voucher can be spent within 36 months."
TOPICS = {
    "vouchers": VOUCHERS,
    "vat": "VAT is charged at the rate of the country of the customer's VAT number.",
    "currencies": "An invoice is made out in euro, dollar or pound, whichever currency the first payment was in.",
    "charities": "A charity pays half of the list price once it has sent its certificate of registration.",
    "purchase-orders": "The number of a purchase order is printed on the invoice when an owner enters it.",
    "payment-terms": "An invoice is due within 14 days, and within 30 days with an annual contract.",
    "seats": "A seat that is added in the middle of the month is charged by the day.",
}
ABOUT_VOUCHERS = "Within how many months can a gift voucher be spent?"
ABOUT_CURRENCY = "Which currency is our invoice made out in, euro or dollar, and when is the invoice due?"


def agent(agent_id: str = "billing", name: str = "Billing") -> Agent:
    """An agent of the least that an agent needs."""
    return Agent(id=agent_id, name=name, description="Money.", knowledge="billing", prompt="You are the desk.")


def prompt_of(evidence: Evidence, question: str = "How are refunds paid?") -> Prompt:
    """A first question on some evidence."""
    return Prompt(agent(), question, "", (), evidence)


def evidence_of(*documents: str) -> Evidence:
    """The passages of documents, split and numbered as a library would."""
    excerpts: list[Excerpt] = []
    for document in documents:
        text = loaders.load(document.encode(), "note.md")
        for chunk in chunking.split_document(text):
            place = (len(excerpts) + 1, "d", "notes/note.md", text.title, chunk.section, 1)
            excerpts.append(Excerpt(*place, text=chunk.text, score=0.8, rank=len(excerpts)))
    return Evidence("rag", tuple(excerpts), (), 0.9, f"{len(excerpts)} passages")


async def learn(library: Library, *documents: str) -> None:
    """Store documents in a folder of their own, beside the small set."""
    for number, document in enumerate(documents):
        await library.put(DocumentKey(NOTES, "test", f"note{number}.md"), document.encode())


def key(topic: str) -> DocumentKey:
    """The document on a topic."""
    return DocumentKey("billing", "test", f"{topic}.md")


async def gather(library: Library, question: str, folder: str = NOTES, strategy: Strategy = "rag") -> Evidence:
    """What the library holds on a question."""
    return await EvidenceGatherer(library, Searcher(library)).gather(strategy, folder, question)


async def stock(library: Library) -> None:
    """Put in more about billing than one question brings up: that about currencies brings up nothing of vouchers."""
    for topic, text in TOPICS.items():
        await library.put(key(topic), f"# About {topic}\n\n{text}\n".encode())
    fresh = await gather(library, ABOUT_CURRENCY, "billing", "hybrid")
    assert VOUCHERS not in [excerpt.text for excerpt in fresh.excerpts]
