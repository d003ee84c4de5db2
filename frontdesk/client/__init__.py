"""A client of a desk, synchronous and asynchronous."""
