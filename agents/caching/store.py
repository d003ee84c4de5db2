"""The interface of a store of cached answers, and what it takes and returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agents.caching.question_keys import QuestionKeys


@dataclass(frozen=True)
class CacheScope:
    """Everything besides the question that decides which earlier answers may be given again.

    `owner` is the user whose documents were read, or "" where all of them are shared. `version` stands for the agent,
    its models and the release, `documents` for the state of its documents: an answer of others is never given.
    """

    agent: str
    owner: str
    version: str
    documents: str


@dataclass(frozen=True)
class CachedAnswer:
    """An answer as it was given, with its sources and support as JSON, and the model that wrote it.

    `see_also` and `highlights` are those of the agent's answer.
    """

    question: str
    keys: QuestionKeys
    text: str
    model: str
    sources: str
    support: str | None
    see_also: Sequence[int]
    highlights: Sequence[Sequence[int]]
    kept: Sequence[int]
    last_number: int


@dataclass(frozen=True)
class AnswerOrigin:
    """The user and the run that an answer was first given to: it is forgotten with either of them."""

    user_id: str
    run_id: str


@dataclass(frozen=True)
class CacheLimits:
    """The most answers of one agent, the most bytes of all answers, and the age at which one is not given any more."""

    entries: int
    total_bytes: int
    seconds: float


class AnswerCacheStore(Protocol):
    """A store of cached answers."""

    async def find_answers(self, scope: CacheScope, keys: QuestionKeys, since: float) -> list[CachedAnswer]:
        """Return a few answers given since a time: to the same question first, then the newest to similar ones."""
        ...

    async def save_answer(
        self, scope: CacheScope, answer: CachedAnswer, origin: AnswerOrigin, now: float, limits: CacheLimits
    ) -> None:
        """Store an answer in place of an earlier one to the same question.

        Answers that cannot be given again are deleted: those of the same agent and owner with another version or other
        documents, those that are too old, and the oldest beyond the limits.
        """
        ...
