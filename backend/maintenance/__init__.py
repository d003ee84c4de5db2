"""The maintenance of a data directory: backup, restore, and the check and rebuild of indexes."""
