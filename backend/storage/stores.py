"""All stores of a desk, behind their protocols."""

from dataclasses import dataclass

from backend.storage.agents import AgentStore
from backend.storage.audit import AuditLogStore
from backend.storage.deletion import DeletionStore
from backend.storage.keys import KeyStore
from backend.storage.last_settings import LastSettingsStore
from backend.storage.people import PeopleStore, PersonalDataStore
from backend.storage.retention import RetentionStore
from backend.storage.sql.agents import SqlAgentStore
from backend.storage.sql.audit import SqlAuditLogStore
from backend.storage.sql.deletion import SqlDeletionStore
from backend.storage.sql.keys import SqlKeyStore
from backend.storage.sql.last_settings import SqlLastSettingsStore
from backend.storage.sql.people import SqlPeopleStore, SqlPersonalDataStore
from backend.storage.sql.retention import SqlRetentionStore
from knowledge.storage.database import Database


@dataclass(frozen=True)
class Stores:
    """The stores of one database."""

    agents: AgentStore
    audit: AuditLogStore
    keys: KeyStore
    last_settings: LastSettingsStore
    deletion: DeletionStore
    people: PeopleStore
    personal_data: PersonalDataStore
    retention: RetentionStore


def sql_stores(database: Database) -> Stores:
    """Return the stores that keep everything in one SQL database."""
    return Stores(
        agents=SqlAgentStore(database),
        audit=SqlAuditLogStore(database),
        keys=SqlKeyStore(database),
        last_settings=SqlLastSettingsStore(database),
        deletion=SqlDeletionStore(database),
        people=SqlPeopleStore(database),
        personal_data=SqlPersonalDataStore(database),
        retention=SqlRetentionStore(database),
    )
