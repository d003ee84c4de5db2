"""Encode texts as vectors, and rerank passages."""
