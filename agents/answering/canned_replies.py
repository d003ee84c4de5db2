"""Canned replies: what the desk says in its own words, in the language of the visitor."""

from collections.abc import Sequence

from agents.catalog import Agent
from agents.conversation.message_reading import PLAIN_QUESTION, MessageReading, has_asked_for_details
from agents.conversation.wording import DeskWording
from agents.conversation.wordings.lookup import WORDINGS, wording_of
from agents.security.injection import gives_orders
from knowledge.retrieval.strategies import Excerpt
from knowledge.text.citation_markers import without_markers

_CLOSEST = 3
_QUOTED_CHARS = 100
_HEADING_CHARS = 120
# Documents are taken to be written in it.
_OF_DOCUMENTS = "en"

_REDUCED, _ACKNOWLEDGEMENTS, _QUOTATIONS = (
    [f"{getattr(wording, name)}\n\n" for wording in WORDINGS.values()]
    for name in ("reduced", "acknowledgement", "quotation")
)

# Stored in the conversation for an answer that was stopped before its first word.
STOPPED = "(This question was not answered.)"


def unknown(related: Sequence[Excerpt], reading: MessageReading = PLAIN_QUESTION) -> str:
    """Return the reply for when no evidence answers the question, with an offer of a person.

    The related documents carry the markers of their sources, which lead to them like any citation. Give it those alone
    that are worth reading.
    """
    wording = wording_of(reading.language)
    sorry = f"{wording.acknowledgement} " if reading.complaint else ""
    opening = f"{sorry}{wording.unknown} {wording.offer}"
    numbers: dict[str, int] = {}
    for excerpt in related:
        if not gives_orders(excerpt.title):
            numbers.setdefault(excerpt.title, excerpt.number)
    named = [f"- {title} [{number}]" for title, number in list(numbers.items())[:_CLOSEST]]
    return "\n".join([f"{opening}\n\n{wording.related}:\n", *named]) if named else opening


def reply_to(reading: MessageReading, earlier: Sequence[str], last_answer: str, agents: Sequence[Agent]) -> str:
    """Return the reply to a message that no agent answers. `earlier` are the user's earlier questions."""
    wording = wording_of(reading.language)
    subjects = wording.subjects.format(subjects=", ".join(agent.name for agent in agents))
    match reading.act:
        case "trouble" | "anger" | "unclear":
            asked = _ask_back(reading, earlier, last_answer, wording)
            return asked if earlier or last_answer else f"{asked} {subjects}"
        case "greeting":
            return wording.presence if earlier else f"{wording.greeting} {subjects}"
        case "identity" | "abilities" | "wellbeing" as act:
            own = {"identity": wording.identity, "abilities": wording.greeting, "wellbeing": wording.wellbeing}[act]
            return f"{own} {subjects}"
        case "thanks":
            return wording.thanks
        case "farewell":
            return wording.farewell
        case "praise":
            return wording.praise
        case "help":
            return wording.help
        case "presence":
            return wording.presence
        case _:
            return wording.agreement


def _ask_back(reading: MessageReading, earlier: Sequence[str], last_answer: str, wording: DeskWording) -> str:
    """Ask what is wrong; if that was asked a moment ago, offer a person instead."""
    if has_asked_for_details(last_answer):
        return f"{wording.give_up} {wording.offer}"
    if reading.act == "unclear":
        return wording.unclear
    asked = wording.ask_back_about.format(question=_shortened(earlier[-1])) if earlier else wording.ask_back
    return f"{wording.sorry} {asked}"


def handover(language: str) -> str:
    """Return the reply to a user who asks for a person."""
    return wording_of(language).handover


def quotation_opening(reading: MessageReading) -> str:
    """Return what stands above a quotation: an acknowledgement, and a sentence in the visitor's language."""
    wording = wording_of(reading.language)
    opening = [wording.acknowledgement] if reading.complaint else []
    if reading.language != _OF_DOCUMENTS:
        opening.append(wording.quotation)
    return "".join(f"{sentence}\n\n" for sentence in opening)


def part_heading(question: str) -> str:
    """Return the heading of the answer to one of several questions."""
    asked = " ".join(question.split()).rstrip(",;: ")
    shown = asked if len(asked) <= _HEADING_CHARS else f"{asked[:_HEADING_CHARS].rsplit(' ', 1)[0]}\u2026"
    return f"**{shown[:1].upper()}{shown[1:]}**"


def part_unknown(language: str) -> str:
    """Return what is said on one of several questions that the documents do not answer."""
    return wording_of(language).unknown


def nearest(missing: Sequence[str], language: str) -> str:
    """Return the sentence above a quotation that may not answer; `missing` are names that nothing is found on."""
    wording = wording_of(language)
    names = ", ".join(f"\u201c{name}\u201d" for name in missing)
    return wording.nearest_without.format(names=names) if missing else wording.nearest


def more_rows(count: int, language: str) -> str:
    """Return the note below a table of which some rows are quoted."""
    return f"*{wording_of(language).more_rows.format(count=count)}*"


def reduced_note(language: str) -> str:
    """Return the note above an answer that is quoted because no model could write it."""
    return f"{wording_of(language).reduced}\n\n"


def own_opening(text: str) -> str:
    """Return the desk's own sentences at the beginning of an answer, which no source has to support."""
    rest = text
    for choices in (_REDUCED, _ACKNOWLEDGEMENTS, _QUOTATIONS):
        rest = rest.removeprefix(next((choice for choice in choices if rest.startswith(choice)), ""))
    return text[: len(text) - len(rest)]


def _shortened(question: str) -> str:
    """Return a question as it may be repeated: on one line, without markers that would look like citations."""
    flat = " ".join(without_markers(question).split())
    return flat if len(flat) <= _QUOTED_CHARS else flat[:_QUOTED_CHARS].rsplit(" ", 1)[0] + "\u2026"
