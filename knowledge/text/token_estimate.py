"""The estimate of the tokens of a text, for whatever depends on them where nobody has counted."""

import math
import string

# Tokens that a chat template adds around each message.
MESSAGE_TOKENS = 10
# Bytes per token: of words and the space between them, of digits and punctuation, and of non-ASCII text. With these,
# the estimate for English documents and tables of numbers is never below the count of a small-vocabulary tokenizer.
# Four characters per token, a usual rule, count half the tokens of such a table, and a quarter of those of Chinese.
_PLAIN_BYTES, _SIGN_BYTES, _OTHER_BYTES = 4, 0.9, 3
_PLAIN = (string.ascii_letters + string.whitespace).encode()
_ASCII = bytes(range(128))


def estimate_tokens(text: str) -> int:
    """Estimate the number of tokens of a text, erring on the high side."""
    written = text.encode(errors="replace")
    not_plain, other = len(written.translate(None, _PLAIN)), len(written.translate(None, _ASCII))
    plain, signs = len(written) - not_plain, not_plain - other
    return math.ceil(plain / _PLAIN_BYTES + signs / _SIGN_BYTES + other / _OTHER_BYTES)
