"""All stores of a desk, behind their protocols."""

from dataclasses import dataclass

from agents.caching.store import AnswerCacheStore
from backend.storage.activity import ActivityStore
from backend.storage.agents import AgentStore
from backend.storage.audit import AuditLogStore
from backend.storage.completions import CompletionStore
from backend.storage.deletion import DeletionStore
from backend.storage.handoffs import HandoffStore
from backend.storage.keys import KeyStore
from backend.storage.last_settings import LastSettingsStore
from backend.storage.people import PeopleStore, PersonalDataStore
from backend.storage.retention import RetentionStore
from backend.storage.runs import RunStore
from backend.storage.spending import SpendingStore
from backend.storage.sql.activity import SqlActivityStore
from backend.storage.sql.agents import SqlAgentStore
from backend.storage.sql.audit import SqlAuditLogStore
from backend.storage.sql.cached_answers import SqlAnswerCacheStore
from backend.storage.sql.completions import SqlCompletionStore
from backend.storage.sql.deletion import SqlDeletionStore
from backend.storage.sql.handoffs import SqlHandoffStore
from backend.storage.sql.keys import SqlKeyStore
from backend.storage.sql.last_settings import SqlLastSettingsStore
from backend.storage.sql.people import SqlPeopleStore, SqlPersonalDataStore
from backend.storage.sql.retention import SqlRetentionStore
from backend.storage.sql.runs import SqlRunStore
from backend.storage.sql.spending import SqlSpendingStore
from backend.storage.sql.threads import SqlThreadStore
from backend.storage.sql.uploads import SqlUploadStore
from backend.storage.threads import ThreadStore
from backend.storage.uploads import UploadStore
from knowledge.storage.database import Database


@dataclass(frozen=True)
class Stores:
    """The stores of one database."""

    agents: AgentStore
    threads: ThreadStore
    runs: RunStore
    completions: CompletionStore
    handoffs: HandoffStore
    activity: ActivityStore
    spending: SpendingStore
    audit: AuditLogStore
    keys: KeyStore
    last_settings: LastSettingsStore
    deletion: DeletionStore
    people: PeopleStore
    personal_data: PersonalDataStore
    retention: RetentionStore
    uploads: UploadStore
    cached_answers: AnswerCacheStore


def sql_stores(database: Database) -> Stores:
    """Return the stores that keep everything in one SQL database."""
    return Stores(
        agents=SqlAgentStore(database),
        threads=SqlThreadStore(database),
        runs=SqlRunStore(database),
        completions=SqlCompletionStore(database),
        handoffs=SqlHandoffStore(database),
        activity=SqlActivityStore(database),
        spending=SqlSpendingStore(database),
        audit=SqlAuditLogStore(database),
        keys=SqlKeyStore(database),
        last_settings=SqlLastSettingsStore(database),
        deletion=SqlDeletionStore(database),
        people=SqlPeopleStore(database),
        personal_data=SqlPersonalDataStore(database),
        retention=SqlRetentionStore(database),
        uploads=SqlUploadStore(database),
        cached_answers=SqlAnswerCacheStore(database),
    )
