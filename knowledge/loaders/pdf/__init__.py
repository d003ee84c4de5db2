"""Read PDF files: lines, layout and tables."""
