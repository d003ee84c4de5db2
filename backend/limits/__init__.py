"""How often and how much each user may ask, and the clock that both go by."""
