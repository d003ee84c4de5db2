"""Protect prompts and logs against what documents and users put into them."""
