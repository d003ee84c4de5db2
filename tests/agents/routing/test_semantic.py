"""Clear questions reach the agent whose documents answer them."""

import time

import pytest

from agents.catalog import Agent, read_catalog
from agents.routing.router import MAX_AGENTS, RoutingDecision, RoutingQuestion
from agents.routing.semantic import SemanticRouter
from knowledge.library import Library
from knowledge.retrieval.search import Searcher

CLEAR = {
    "technical": ["The upload API returns 413", "Our API requests are answered with 429, what can we do?"],
    "billing": ["I was charged twice this month, how do I get my money back?", "How much is the Team plan per month?"],
    "compliance": ["Where is customer data stored?", "Is personal data encrypted at rest?"],
    "general": ["When is support open?", "Is support open on public holidays?"],
}


async def route(library: Library, question: RoutingQuestion) -> RoutingDecision:
    agents: list[Agent] = read_catalog("customer_support").agents
    return await SemanticRouter(library.embedder, Searcher(library)).choose_agents(question, agents)


async def test_a_clear_question_goes_to_its_one_agent(library: Library) -> None:
    for agent, questions in CLEAR.items():
        for question in questions:
            decision = await route(library, RoutingQuestion(question))
            assert (question, decision.agents) == (question, (agent,))
            assert not decision.needs_human
            assert 0.5 < decision.confidence <= 1
            assert decision.reason


@pytest.mark.parametrize(
    ("billing", "other", "agent"),
    [
        ("How much is the Team plan per month", "where is customer data stored?", "compliance"),
        ("How is a duplicate charge refunded", "why does the upload API answer 413?", "technical"),
        ("How much does the Starter plan cost per month", "when is support open on public holidays?", "general"),
    ],
)
async def test_a_question_of_two_clear_parts_goes_to_two_agents_with_a_part_each(
    library: Library, billing: str, other: str, agent: str
) -> None:
    decision = await route(library, RoutingQuestion(f"{billing}, and {other}"))
    assert len(decision.agents) == len(decision.parts) == 2
    parts = dict(zip(decision.agents, map(" ".join, decision.parts), strict=True))
    assert set(parts) == {"billing", agent}
    assert parts == {"billing": billing, agent: other[:1].upper() + other[1:]}


async def test_two_questions_for_one_agent_are_two_parts(library: Library) -> None:
    question = "How do I report a duplicate charge, and when is an annual plan refunded in full?"
    decision = await route(library, RoutingQuestion(question))
    parts = ("How do I report a duplicate charge", "When is an annual plan refunded in full?")
    assert (decision.agents, decision.parts, decision.headings) == (("billing",), (parts,), (parts,))


async def test_what_was_found_for_routing_is_handed_on(library: Library) -> None:
    question = "When is a duplicate charge refunded?"
    searcher = Searcher(library)
    agents: list[Agent] = read_catalog("customer_support").agents
    decision = await SemanticRouter(library.embedder, searcher).choose_agents(RoutingQuestion(question), agents)
    assert await searcher.search(question, "billing") in decision.found


async def test_only_the_nearest_folders_of_many_are_read(library: Library) -> None:
    agents: list[Agent] = read_catalog("customer_support").agents
    others = [
        agent.model_copy(
            update={"id": f"{agent.id}{number}", "knowledge": f"empty_{number}", "examples": ("Is the zoo open?",)}
        )
        for agent in agents
        for number in range(10)
    ]
    router = SemanticRouter(library.embedder, Searcher(library))
    decision = await router.choose_agents(RoutingQuestion(CLEAR["billing"][0]), [*others, *agents])
    assert decision.agents == ("billing",)
    assert len(decision.found) == 8


async def test_never_more_agents_answer_than_may(library: Library) -> None:
    everything = " ".join(question for questions in CLEAR.values() for question in questions)
    decision = await route(library, RoutingQuestion(everything))
    assert 2 <= len(decision.agents) <= MAX_AGENTS
    assert len(set(decision.agents)) == len(decision.agents)


@pytest.mark.parametrize(
    "question",
    [
        "I want to talk to a human",
        "Can I speak to a real person please?",
        "Connect me with a representative.",
        "please escalate this to your manager",
        "I was charged twice and I need a person now",
    ],
)
async def test_who_asks_for_a_person_gets_one(library: Library, question: str) -> None:
    decision = await route(library, RoutingQuestion(question))
    assert decision.needs_human
    assert decision.agents == ()


async def test_a_person_in_a_question_is_not_asked_for(library: Library) -> None:
    decision = await route(library, RoutingQuestion("What is the price per person on the Team plan?"))
    assert (decision.needs_human, decision.agents) == (False, ("billing",))


@pytest.mark.parametrize(
    ("first", "then", "agent"),
    [
        ("I was charged twice this month, how do I get my money back?", "and how long does it take?", "billing"),
        ("The upload API returns 413", "and for larger files?", "technical"),
        ("Where is customer data stored?", "and after I delete my account?", "compliance"),
    ],
)
async def test_a_follow_up_stays_with_its_agent(library: Library, first: str, then: str, agent: str) -> None:
    decision = await route(library, RoutingQuestion(then, first, (first,)))
    assert decision.agents == (agent,)


async def test_a_new_topic_leaves_the_agent_of_the_turns_before(library: Library) -> None:
    earlier = ("I was charged twice this month, how do I get my money back?",)
    decision = await route(library, RoutingQuestion("Where is customer data stored, and is it encrypted?", "", earlier))
    assert decision.agents == ("compliance",)


@pytest.mark.parametrize(
    "message",
    [
        "I want to talk to a human",
        "human please",
        "real person now!!!",
        "agent",
        "Can I speak with someone real?",
        "get me a representative",
        "put me through to your manager",
    ],
)
async def test_whoever_asks_for_a_person_gets_one(library: Library, message: str) -> None:
    assert (await route(library, RoutingQuestion(message))).needs_human


@pytest.mark.parametrize(
    "message",
    [
        "I want to add a person to my workspace",
        "We want the account manager role changed",
        "do I need a manager to approve refunds",
        "how many agents can log in",
        "I need a person-to-person transfer of ownership",
    ],
)
async def test_questions_about_persons_are_questions(library: Library, message: str) -> None:
    assert not (await route(library, RoutingQuestion(message))).needs_human


async def test_a_long_hostile_message_is_routed_in_time(library: Library) -> None:
    parts = [f"how do I get qzx{number} refunded, and where are klm{number} uploads stored?" for number in range(200)]
    began = time.monotonic()
    await route(library, RoutingQuestion(" ".join(parts)[:8_000]))
    await route(library, RoutingQuestion(" ".join(parts)[:2_000]))
    await route(library, RoutingQuestion("talk" + " " * 7_990 + "x"))
    assert time.monotonic() - began < 15
