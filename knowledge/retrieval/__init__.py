"""The search of passages, the confidence in them, and the support that they give an answer."""
