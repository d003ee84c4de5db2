"""Rules for text that hold everywhere: which characters it may hold, and how long headings may be."""
