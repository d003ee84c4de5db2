"""The components for documents: the list, uploads, indexing, and the source viewer."""
