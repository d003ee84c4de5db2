"""The loading, chunking, embedding, indexing and search of documents, independent of agents and HTTP."""
