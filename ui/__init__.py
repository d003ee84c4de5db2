"""The web desk and its client. Both know a desk by its doors alone: over HTTP, and by the types of its events."""
