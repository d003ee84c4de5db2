"""The rules for text that apply everywhere: allowed characters, headings, paths, sentences and words."""
