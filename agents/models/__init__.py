"""Chat models: a string names one, a provider reaches it, and its answers are counted and priced."""
