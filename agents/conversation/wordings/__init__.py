"""The sentences of the desk itself, one module for each language."""
