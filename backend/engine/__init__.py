"""Parts of the run engine."""
