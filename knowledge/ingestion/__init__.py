"""Find, parse, split and store documents."""
