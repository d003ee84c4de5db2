"""Write an answer from what was found: prompts, tools, citations, and how well the sources support it."""
