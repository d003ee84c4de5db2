"""HTTP before any door sees a request: connections and their limits, deadlines, what is refused, headers of replies."""
