"""Who may do what, and who did it: keys, their scopes, and the audit log."""
