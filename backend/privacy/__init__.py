"""Privacy: the retention of conversations, and the export and deletion of a person's data."""
