"""The HTTP layer in front of the endpoints: connections, their limits and deadlines, refusals, response headers."""
