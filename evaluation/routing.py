"""Evaluate routing alone, for agents that exist nowhere else, from their examples and labelled questions.

Both files have lines of `text` and `agent`; in the questions, `agent: null` marks one that is for none of them.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field
from tqdm import tqdm

from agents.catalog import Agent
from agents.routing.router import RoutingDecision, RoutingQuestion
from agents.routing.semantic import SemanticRouter
from evaluation.desk import throwaway_library
from evaluation.figures import auc, macro_f1, share_of
from evaluation.reading import line_error, read_objects
from evaluation.report import Confusion, EvaluationReport, Miss, ReportFigure
from knowledge.errors import QuestionsInvalid
from knowledge.retrieval.search import Searcher

NONE = "(none of them)"


@dataclass(frozen=True)
class RoutedExample:
    """A question, the expected agent (`NONE` if it is for none), and the router's decision."""

    text: str
    expected: str
    decision: RoutingDecision

    @property
    def nearest_agent(self) -> str:
        """The agent that the router is surest of, whether or not the question is in scope."""
        return self.decision.agents[0] if self.decision.agents else NONE

    @property
    def chosen_agent(self) -> str:
        """The nearest agent, unless the router takes the question to be out of scope (`NONE`)."""
        return self.nearest_agent if self.decision.familiarity >= 0 else NONE


class _RoutingLine(BaseModel):
    text: str = Field(min_length=1)
    agent: str | None = Field(min_length=1)


async def measure_routing(examples: Path, questions: Path, embedding_model: str) -> EvaluationReport:
    """Make agents of the examples, route the questions, and report the figures."""
    agents = read_agents(examples)
    lines = _read_questions(questions, {agent.id for agent in agents})
    async with throwaway_library(embedding_model) as library:
        router = SemanticRouter(library.embedder, Searcher(library))
        await router.warm_up(agents)
        progress = tqdm(lines, unit="question", disable=not sys.stderr.isatty())
        routed = [
            RoutedExample(line.text, line.agent or NONE, await router.choose_agents(RoutingQuestion(line.text), agents))
            for line in progress
        ]
    return _build_report(routed, agents)


def read_agents(path: Path) -> list[Agent]:
    """Make an agent for each name in the file, of its examples alone."""
    examples: dict[str, list[str]] = {}
    for number, line in read_objects(path, _RoutingLine):
        if line.agent is None:
            raise line_error(path, number, "agent: an example must be some agent's")
        examples.setdefault(line.agent, []).append(line.text)
    if len(examples) < 2:
        raise QuestionsInvalid(f"{path} must hold examples of at least two agents")
    # Not validated: names and numbers need not be fit for a catalogue, as these agents are never shown.
    return [
        Agent.model_construct(id=name, name=name, description="", examples=tuple(texts), knowledge="none", prompt="")
        for name, texts in examples.items()
    ]


def _read_questions(path: Path, agents: set[str]) -> list[_RoutingLine]:
    lines = []
    for number, line in read_objects(path, _RoutingLine):
        if line.agent is not None and line.agent not in agents:
            raise line_error(path, number, f"there are no examples of an agent {line.agent[:100]!r}")
        lines.append(line)
    if not lines:
        raise QuestionsInvalid(f"{path} holds no questions")
    return lines


def _build_report(routed: Sequence[RoutedExample], agents: Sequence[Agent]) -> EvaluationReport:
    theirs = [r for r in routed if r.expected != NONE]
    foreign = [r for r in routed if r.expected == NONE]
    familiar, strange = ([r.decision.familiarity for r in part] for part in (theirs, foreign))
    shown = [
        ReportFigure("agents", "agents", len(agents), "count"),
        ReportFigure("examples", "examples", sum(len(agent.examples) for agent in agents), "count"),
        ReportFigure("questions", "questions", len(routed), "count"),
        ReportFigure(
            "accuracy",
            "nearest to the right agent, of theirs",
            share_of([r.nearest_agent == r.expected for r in theirs]),
        ),
        ReportFigure(
            "macro_f1", "macro F1", macro_f1([r.expected for r in theirs], [r.nearest_agent for r in theirs]), "score"
        ),
        ReportFigure(
            "accuracy_all",
            "right, counting those that are nobody's",
            share_of([r.chosen_agent == r.expected for r in routed]),
        ),
        ReportFigure(
            "out_of_scope", "nobody's questions, recognised", share_of([r.chosen_agent == NONE for r in foreign])
        ),
        ReportFigure(
            "wrongly_out_of_scope", "theirs, taken for nobody's", share_of([r.chosen_agent == NONE for r in theirs])
        ),
        ReportFigure("auc_out_of_scope", "AUC, theirs from nobody's", auc(familiar, strange), "score"),
        ReportFigure(
            "split", "theirs, given to more than one agent", share_of([len(r.decision.agents) > 1 for r in theirs])
        ),
    ]
    return EvaluationReport(
        "How well questions are routed among agents made of examples alone",
        shown,
        misses=_find_misses(routed),
        confusion=Confusion(Counter((r.expected, r.chosen_agent) for r in routed)),
    )


def _find_misses(routed: Sequence[RoutedExample]) -> list[Miss]:
    """Return the misses, those of which the router was surest first."""
    missed = sorted((r for r in routed if r.chosen_agent != r.expected), key=lambda r: -r.decision.confidence)
    return [
        Miss("wrong agent" if r.expected != NONE else "nobody's", r.text, r.expected, _found_text(r)) for r in missed
    ]


def _found_text(routed: RoutedExample) -> str:
    nearest_agent = " + ".join(routed.decision.agents) or NONE
    surely = f"confidence {routed.decision.confidence:.2f}, familiarity {routed.decision.familiarity:+.2f}"
    return (
        f"{nearest_agent} ({surely})" if routed.chosen_agent != NONE else f"{NONE}, nearest {nearest_agent} ({surely})"
    )
