"""Values that pages draw, computed from what the API returns."""
