"""Search passages, and judge how well they answer."""
