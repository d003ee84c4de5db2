"""The few sentences that the desk says in its own words."""

from collections.abc import Sequence

from agents.catalog import Agent
from knowledge.strategies import Excerpt

_CLOSEST = 3


def unknown(closest: Sequence[Excerpt]) -> str:
    """Said instead of the nearest paragraph when nothing found answers the question."""
    opening = "I don't know: our documents do not answer this. I can hand you over to a person."
    titles = list(dict.fromkeys(excerpt.title for excerpt in closest))[:_CLOSEST]
    return f"{opening} The closest I found: {'; '.join(titles)}." if titles else opening


def greeting(agents: Sequence[Agent]) -> str:
    """Said to a message that asks nothing."""
    return f"Hello! Ask me anything about: {', '.join(agent.name for agent in agents)}."


HANDOVER = "I am handing you over to a person, with what you have told me so far."
