"""Evidence made of documents that a test writes, and a prompt on it."""

from agents.catalog import Agent
from agents.prompts import Prompt
from knowledge import chunks, loaders
from knowledge.library import Library
from knowledge.search import Searcher
from knowledge.store import DocumentKey
from knowledge.strategies import Evidence, Excerpt, Strategies, Strategy

NOTES = "notes"


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
        for chunk in chunks.split(text):
            place = (len(excerpts) + 1, "d", "notes/note.md", text.title, chunk.section, 1)
            excerpts.append(Excerpt(*place, text=chunk.text, score=0.8, rank=len(excerpts)))
    return Evidence("rag", tuple(excerpts), (), 0.9, f"{len(excerpts)} passages")


async def learn(library: Library, *documents: str) -> None:
    """Store documents in a folder of their own, beside the small set."""
    for number, document in enumerate(documents):
        await library.put(DocumentKey(NOTES, "test", f"note{number}.md"), document.encode())


async def gather(library: Library, question: str, folder: str = NOTES, strategy: Strategy = "rag") -> Evidence:
    """What the library holds on a question."""
    return await Strategies(library, Searcher(library)).gather(strategy, folder, question)
