"""What orders in documents and messages may not do."""
