"""The state of the graph: what a thread keeps, what one run knows, and what supervisor and workers hand each other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, NotRequired, TypedDict, TypeVar

from langchain_core.messages import AnyMessage
from langgraph.graph.message import add_messages

from agents.catalog import Agent
from agents.conversation.message_reading import MessageReading
from agents.graph.answer_stream import AnswerStream
from frontdesk.contracts.events import FinishReason
from knowledge.retrieval.search import FolderFindings

T = TypeVar("T")


def _append_items(held: list[T], new: list[T] | None) -> list[T]:
    """Append what workers add; None, with which every turn begins, clears the list."""
    return [] if new is None else held + new


def _merge_kept(held: dict[str, list[int]], new: dict[str, list[int]]) -> dict[str, list[int]]:
    return held | new


class WorkerTask(TypedDict):
    """A question that the supervisor sends to a worker.

    `parts` are the whole questions that `question` consists of, `headings` the same in the user's own words; older
    checkpoints have none."""

    agent: str
    question: str
    parts: NotRequired[list[str]]
    headings: NotRequired[list[str]]
    context: str
    history: list[AnyMessage]
    kept: list[int]
    index: int
    total: int
    # What the turn knows of its message; tasks that an earlier release stored do not have it.
    language: NotRequired[str]
    complaint: NotRequired[bool]
    # The question as it is searched for, if that is not how the user asked it.
    search_text: NotRequired[str]


def reading_of(task: WorkerTask) -> MessageReading:
    """Return what the turn of a task knows of its message."""
    known = MessageReading()
    return MessageReading(
        language=task.get("language", known.language), complaint=task.get("complaint", known.complaint)
    )


class ReplyTask(TypedDict):
    """A reply of the desk's own to a message that no agent answers."""

    text: str


class WorkerAnswer(TypedDict):
    """An answer that a worker returns."""

    agent: str
    text: str
    finish_reason: FinishReason
    kept: list[int]
    reduced: bool
    last_number: int
    # How well the text is supported, as JSON; older checkpoints have none.
    support: NotRequired[str | None]
    # The ids of other sources that may answer, the likeliest first.
    see_also: NotRequired[list[int]]
    # The first and the last offset of each sentence of the text that matters most.
    highlights: NotRequired[list[list[int]]]
    # True for an earlier answer that was given again.
    cached: NotRequired[bool]


class ConversationState(TypedDict):
    """The state of a thread: its messages, the evidence that agents keep, and how far its last turn has come.

    `told` holds as JSON the events that agents emitted beside their answers. `kept_before` is the evidence as it was
    before the last turn, if that turn asked any agent.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    kept: Annotated[dict[str, list[int]], _merge_kept]
    kept_before: dict[str, list[int]] | None
    answers: Annotated[list[WorkerAnswer], _append_items]
    told: Annotated[list[str], _append_items]
    routed: list[str]


@dataclass
class RunContext:
    """The context of one run. `owner` is the user who asks; `agent` is set if the user chose who answers.

    `asks_again` is True for a question that replaces one: its user wants another answer. `found` holds what routing has
    searched, so that the workers' searches of the same are free.
    """

    answer_stream: AnswerStream
    owner: str = ""
    agent: str | None = None
    run_id: str = ""
    asks_again: bool = False
    # As they were when the question was routed: an agent changed or deleted meanwhile still finishes its answer.
    agents: dict[str, Agent] = field(default_factory=dict)
    found: Sequence[FolderFindings] = ()
    answers: Sequence[WorkerAnswer] = ()
    text: str = ""
