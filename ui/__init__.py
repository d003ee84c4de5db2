"""The web desk. It knows a desk by its client alone (`frontdesk`)."""
