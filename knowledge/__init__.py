"""Documents: loading, chunking, embedding, indexing and searching them. Knows nothing of agents or HTTP."""
