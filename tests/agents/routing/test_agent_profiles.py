"""Agents that are nothing but their examples: who is nearest, and what is like none of them."""

import numpy as np
import pytest

from agents.catalog import Agent, read_catalog
from agents.routing import agent_profiles
from agents.routing.router import RoutingQuestion
from agents.routing.semantic import SemanticRouter
from knowledge.library import Library
from knowledge.retrieval.search import Searcher

EXAMPLES = {
    "alarms": ["wake me at six", "set an alarm for nine", "cancel my alarm", "remove the alarm at ten", "snooze it"],
    "weather": ["will it rain today", "is it going to snow", "how hot does it get", "do I need an umbrella"],
    "music": [
        "play some jazz",
        "next song please",
        "play my favourite album",
        "turn up the music",
        "what song is this",
    ],
}
AGENTS = [
    Agent(id=name, name=name.title(), description=f"{name}.", examples=tuple(texts), knowledge="nowhere", prompt="x")
    for name, texts in EXAMPLES.items()
]
THEIRS = {"set my alarm to seven": "alarms", "will there be rain tomorrow": "weather", "play the next song": "music"}
NOBODYS = ("how do I amortise intangible assets under IFRS", "the aorta carries blood from the heart")


def router_over(library: Library) -> SemanticRouter:
    return SemanticRouter(library.embedder, Searcher(library))


@pytest.mark.parametrize(("question", "agent"), THEIRS.items())
async def test_examples_alone_route_and_make_a_question_familiar(library: Library, question: str, agent: str) -> None:
    decision = await router_over(library).choose_agents(RoutingQuestion(question), AGENTS)
    assert decision.agents == (agent,)
    assert decision.familiarity > 0


@pytest.mark.parametrize("question", NOBODYS)
async def test_what_is_like_no_example_is_strange(library: Library, question: str) -> None:
    assert (await router_over(library).choose_agents(RoutingQuestion(question), AGENTS)).familiarity < 0


async def test_where_there_are_documents_they_tell_what_is_not_in_them(library: Library) -> None:
    agents = read_catalog("customer_support").agents
    assert (await router_over(library).choose_agents(RoutingQuestion(NOBODYS[0]), agents)).familiarity == 0


async def test_what_changes_of_an_agent_is_noticed(library: Library) -> None:
    router = router_over(library)
    assert (await router.choose_agents(RoutingQuestion(NOBODYS[0]), AGENTS)).familiarity < 0
    accounts = AGENTS[0].model_copy(update={"examples": ("amortise intangible assets", "depreciation under IFRS")})
    decision = await router.choose_agents(RoutingQuestion(NOBODYS[0]), [accounts, *AGENTS[1:]])
    assert decision.agents == ("alarms",)
    assert decision.familiarity > 0


async def test_what_an_agent_is_told_is_familiar_and_strange_to_the_others(library: Library) -> None:
    memory = agent_profiles.ProfileCache(library.embedder)
    known = await memory.profiles_of(AGENTS)
    vectors = np.concatenate([one.vectors for one in known])
    nearest_is_itself = [memory.familiarity(vector, known) for vector in vectors]
    assert min(nearest_is_itself) > 0
    without = known[1:]
    assert np.mean([memory.familiarity(vector, without) < 0 for vector in known[0].vectors]) > 0.5
