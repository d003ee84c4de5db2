"""The encoding of texts as vectors, and the reranking of passages."""
