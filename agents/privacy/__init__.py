"""Personal data: find it in text, replace it with placeholders, and put it back into what a model answers."""
