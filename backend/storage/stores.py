"""All stores of a desk, behind their protocols."""

from dataclasses import dataclass

from backend.storage.agents import AgentStore
from backend.storage.sql.agents import SqlAgentStore
from knowledge.storage.database import Database


@dataclass(frozen=True)
class Stores:
    """The stores of one database."""

    agents: AgentStore


def sql_stores(database: Database) -> Stores:
    """Return the stores that keep everything in one SQL database."""
    return Stores(agents=SqlAgentStore(database))
