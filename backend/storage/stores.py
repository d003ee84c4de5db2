"""All stores of a desk, behind their protocols."""

from dataclasses import dataclass

from backend.storage.agents import AgentStore
from backend.storage.audit import AuditLogStore
from backend.storage.keys import KeyStore
from backend.storage.last_settings import LastSettingsStore
from backend.storage.sql.agents import SqlAgentStore
from backend.storage.sql.audit import SqlAuditLogStore
from backend.storage.sql.keys import SqlKeyStore
from backend.storage.sql.last_settings import SqlLastSettingsStore
from knowledge.storage.database import Database


@dataclass(frozen=True)
class Stores:
    """The stores of one database."""

    agents: AgentStore
    audit: AuditLogStore
    keys: KeyStore
    last_settings: LastSettingsStore


def sql_stores(database: Database) -> Stores:
    """Return the stores that keep everything in one SQL database."""
    return Stores(
        agents=SqlAgentStore(database),
        audit=SqlAuditLogStore(database),
        keys=SqlKeyStore(database),
        last_settings=SqlLastSettingsStore(database),
    )
