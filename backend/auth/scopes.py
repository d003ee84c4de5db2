"""The scopes of API keys."""

from collections.abc import Iterable
from typing import Literal, get_args

Scope = Literal["metrics", "documents", "chat", "operator"]
EVERY_SCOPE: frozenset[Scope] = frozenset(get_args(Scope))
"""The scopes of an operator."""
USUAL_SCOPES: frozenset[Scope] = frozenset({"chat", "documents"})
"""The scopes of a key in API_KEYS, unless OPERATORS names its user."""


def with_implied(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Add the implied scopes: an operator may do everything."""
    given = frozenset(scopes)
    return EVERY_SCOPE if "operator" in given else given
