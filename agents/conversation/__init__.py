"""Understand what a message wants beside an answer, and the words in which the desk replies to it."""
