"""Authentication, authorization and accountability: API keys, their scopes, and the audit log."""
