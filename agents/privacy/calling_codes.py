"""The calling codes of countries, and the possible lengths of their numbers."""

# Codes of two digits; all others have three, except 1 and 7.
_TWO_DIGITS = frozenset(
    """20 27 28 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 83 84
    86 89 90 91 92 93 94 95 98""".split()
)
_UNASSIGNED = frozenset("210 214 215 217 219 259 28 384 422 424 425 426 427 428 429 801 802 803 804 83 89".split())
_LENGTHS = {
    name: (int(least), int(most))
    for name, least, most in (
        line.split("/")
        for line in """
        1/10/10 7/10/10 20/8/10 27/9/9 30/10/10 31/9/9 32/8/9 33/9/9 34/9/9 36/8/9 39/6/11 40/9/9 41/9/9 43/6/13
        44/9/10 45/8/8 46/7/10 47/8/8 48/9/9 49/6/12 51/8/9 52/10/11 54/10/11 55/10/11 56/9/9 57/10/10 60/8/10 61/9/9
        62/8/12 63/8/10 64/8/10 65/8/8 66/8/9 81/9/10 82/8/10 84/9/10 86/10/11 90/10/10 91/10/10 92/9/10 98/10/10
        351/9/9 352/6/9 353/7/9 354/7/7 358/6/11 380/9/9 420/9/9 421/9/9 852/8/8 886/8/9 966/8/9 971/8/9 972/8/9
        """.split()
    )
}
_ANY_LENGTH = (7, 11)


def is_possible_number(digits: str) -> bool:
    """Return True if the digits, calling code first, can be a number of some country."""
    size = 1 if digits[0] in "17" else 2 if digits[:2] in _TWO_DIGITS else 3
    code = digits[:size]
    least, most = _LENGTHS.get(code, _ANY_LENGTH)
    return digits[0] != "0" and code not in _UNASSIGNED and least <= len(digits) - size <= most
