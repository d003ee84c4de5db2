"""How large a message may be that a page sends. Whoever serves the pages asks, before Reflex is there."""

# A question of the default length in any characters, or the form of an agent.
_LEAST_BYTES = 65_536
_AROUND_A_QUESTION = 16_384


def most_frame_bytes(most_message_chars: int) -> int:
    """Of a message that asks a question of so many characters."""
    return max(_LEAST_BYTES, 4 * most_message_chars + _AROUND_A_QUESTION)
