"""What a key may be used for."""

from collections.abc import Iterable
from typing import Literal, get_args

Scope = Literal["metrics", "documents", "chat", "operator"]
EVERY_SCOPE: frozenset[Scope] = frozenset(get_args(Scope))
"""Those of an operator."""
USUAL_SCOPES: frozenset[Scope] = frozenset({"chat", "documents"})
"""Those of a key in API_KEYS, unless OPERATORS names its user."""


def with_implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Add what a scope brings with it: an operator may do everything."""
    given = frozenset(scopes)
    return EVERY_SCOPE if "operator" in given else given
