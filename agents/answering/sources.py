"""The sources that one agent has been shown for one answer, under the numbers of the whole answer."""

import re
from dataclasses import replace

from agents.graph.answer_stream import AnswerStream, Emit
from frontdesk.contracts.events import Source, Sources
from knowledge.retrieval.strategies import Evidence, Excerpt
from knowledge.retrieval.token_budget import BOUNDLESS, TokenBudget
from knowledge.text.headings import shortened

_SNIPPET_CHARS = 320
# The limit for all addresses of one source together.
_LINK_CHARS = 4_000
_ADDRESS = re.compile(
    r"(?:https?://|mailto:|(?<![\w.])www\.)[^\s<>\"`]{1,500}|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\([_*~&#()\[\]-])")
_CLOSING = re.compile(r"[)\]|}]")
_ENDS = ".,;:!?'*_~]}|\\"


class SourceNumbering:
    """Numbers excerpts and sends them to the client as sources. An excerpt found again keeps its number."""

    def __init__(self, agent: str, answer_stream: AnswerStream, emit: Emit, room: TokenBudget = BOUNDLESS) -> None:
        self._agent = agent
        self._answer_stream = answer_stream
        self._emit = emit
        self._room = room
        self._excerpts: list[Excerpt] = []
        self._sent: set[int] = set()

    @property
    def texts(self) -> list[str]:
        """All excerpts shown, each below the title of its document and section."""
        return ["\n".join(filter(None, (found.title, found.section, found.text))) for found in self._excerpts]

    @property
    def room(self) -> TokenBudget:
        """The tokens left for more excerpts."""
        return self._room.after(self._excerpts)

    def begin(self, evidence: Evidence) -> int:
        """Assign numbers to the first evidence of an agent, send its sources, and return the first number."""
        first = self._answer_stream.reserve_numbers(len(evidence.excerpts))
        numbered = evidence.numbered_from(first)
        self._excerpts = list(numbered.excerpts)
        self._send_sources(numbered.by_relevance)
        return first

    def add(self, evidence: Evidence) -> list[Excerpt]:
        """Assign numbers to evidence found later, send what is new, and return the excerpts, best first."""
        found = {excerpt.number: excerpt for excerpt in map(self._number_excerpt, evidence.by_relevance)}
        if untold := [excerpt for number, excerpt in found.items() if number not in self._sent]:
            self._send_sources(untold)
        return list(found.values())

    def _number_excerpt(self, excerpt: Excerpt) -> Excerpt:
        for held in self._excerpts:
            if (held.document_id, held.version) == (excerpt.document_id, excerpt.version) and excerpt.text in held.text:
                return replace(excerpt, number=held.number)
        numbered = replace(excerpt, number=self._answer_stream.reserve_numbers(1))
        self._excerpts.append(numbered)
        return numbered

    def _send_sources(self, excerpts: list[Excerpt]) -> None:
        self._sent.update(excerpt.number for excerpt in excerpts)
        self._emit(Sources(agent=self._agent, sources=[_source_of(excerpt, self._agent) for excerpt in excerpts]))


def _source_of(excerpt: Excerpt, agent: str) -> Source:
    snippet = excerpt.text if len(excerpt.text) <= _SNIPPET_CHARS else excerpt.text[:_SNIPPET_CHARS].rstrip() + " ..."
    return Source(
        id=excerpt.number,
        title=shortened(excerpt.title),
        uri=excerpt.uri,
        section=excerpt.section,
        page=excerpt.page,
        snippet=snippet,
        score=round(excerpt.score, 4),
        agent=agent,
        document_id=excerpt.document_id,
        version=excerpt.version,
        whole=excerpt.whole,
        links=links_of(excerpt.text),
    )


def links_of(text: str) -> list[str]:
    """Return the addresses in a text, each as far as it may reach; only the first ones, if there are many."""
    found: dict[str, None] = {}
    room = _LINK_CHARS
    for match in _ADDRESS.finditer(text):
        whole = match[0].replace("&amp;", "&")
        for form in (whole, _ESCAPE.sub(r"\1", whole)):
            # A closing bracket may belong to the address or to the text around it.
            for link in (_cut_at_bracket(form).rstrip(_ENDS), _CLOSING.split(form, maxsplit=1)[0].rstrip(_ENDS)):
                if link not in found:
                    room -= len(link)
                    if room < 0:
                        return list(found)
                    found[link] = None
    return list(found)


def _cut_at_bracket(address: str) -> str:
    """Cut an address at the first closing bracket that was not opened in it."""
    depth = 0
    for place, character in enumerate(address):
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return address[:place]
    return address
