"""The discovery, parsing, chunking and storing of documents."""
