"""The vector index, the lexical index, the vocabulary, and the check of their integrity."""
