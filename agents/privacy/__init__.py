"""Personal data: find it in text, replace it with placeholders, and restore it in what a model answers."""
