"""The facts about a library in SQL."""

from knowledge.storage.database import Connection, Database

# The fact that names the embedding model of the stored vectors.
SERVING_MODEL = "embedding_model"


class SqlFactStore:
    """The SQL implementation of `FactStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_fact(self, name: str) -> str | None:
        return await self._database.read(lambda db: get_fact(db, name))

    async def set_fact(self, name: str, value: str) -> None:
        await self._database.write(lambda db: put_fact(db, name, value))

    async def first_fact(self, name: str, value: str) -> str:
        def set_first(db: Connection) -> str:
            db.execute("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, value))
            return get_fact(db, name) or ""

        return await self._database.write(set_first)


def put_fact(db: Connection, name: str, value: str) -> None:
    """Record a value under a name, in place of an earlier one."""
    db.execute(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def get_fact(db: Connection, name: str) -> str | None:
    """Return the value recorded under a name."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else None
