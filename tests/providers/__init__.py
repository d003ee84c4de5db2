"""Loopback servers that speak the wire protocols of the providers, and fail where a test tells them to."""
