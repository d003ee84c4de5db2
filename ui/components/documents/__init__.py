"""Documents on a page: the list, uploads, indexing, and the passages of a source."""
