"""Rate limits and daily budgets of users, and the clock that both use."""
