"""The desk as a service: doors, the run engine, storage, security and settings."""
