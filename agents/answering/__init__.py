"""Write an answer from the evidence: prompts, tools, citations, and how well the sources support the answer."""
