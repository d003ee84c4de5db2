"""The storage of documents and of their changes in SQLite."""
