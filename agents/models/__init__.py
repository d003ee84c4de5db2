"""Chat models: a string names one, a provider reaches it, and what it says is counted and priced."""
