"""How long the desk keeps what people say, and what a person may ask of it: a copy of everything, and its deletion."""
