"""The stores, in SQL that SQLite takes and Postgres takes too."""
