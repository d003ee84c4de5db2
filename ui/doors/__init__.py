"""The doors of a desk by subject, for both clients; `ui.calls` says what each does."""
