"""Tests against real parts: sockets, SQLite, Chroma, the embedding model. Nothing leaves the loopback address."""
