"""Looking after a data directory: backups of it, and bringing them back."""
