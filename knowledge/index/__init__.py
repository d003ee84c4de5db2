"""The vector index, the lexical index and the vocabulary, and their integrity."""
