"""Tests against real parts: sockets, SQLite, Chroma, the embedding model. No traffic leaves the loopback address."""
