"""Documents on a page: highlights, excerpts, uploads and indexing."""
