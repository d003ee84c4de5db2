"""The loader of PDF files: lines, layout and tables."""
