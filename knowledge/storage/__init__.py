"""Documents and their changes in SQLite."""
