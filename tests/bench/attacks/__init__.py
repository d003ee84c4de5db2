"""What an attacker or a careless user can do to a desk, and what it costs everybody else.

`python -m tests.bench.attacks [name ...]` runs each attack against a desk of its own and prints its figures.
"""
