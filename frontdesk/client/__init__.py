"""The synchronous and asynchronous clients of a desk."""
