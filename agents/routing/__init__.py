"""Choose the agents that answer a message."""
