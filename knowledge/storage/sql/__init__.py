"""The stores in SQL that SQLite takes and Postgres takes too, but for the lexical index and the checks of SQLite."""
