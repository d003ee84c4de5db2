"""The size limit of a page's messages, free of imports from Reflex, which is loaded later."""

# Enough for a question of the default length in any characters, or for the form of an agent.
_LEAST_BYTES = 65_536
_AROUND_A_QUESTION = 16_384


def most_frame_bytes(most_message_chars: int) -> int:
    """Return the largest frame in bytes, given the longest question in characters."""
    return max(_LEAST_BYTES, 4 * most_message_chars + _AROUND_A_QUESTION)
