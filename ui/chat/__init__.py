"""The conversation on a page: questions, answers, history, and the operations that draw them."""
