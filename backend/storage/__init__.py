"""The stores of the backend: their protocols, the dataclasses they take and return, and their SQL."""
