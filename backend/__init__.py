"""The desk as a service: the HTTP API, the run engine, storage, security and settings."""
