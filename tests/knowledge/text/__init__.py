"""The rules for text that hold everywhere."""
