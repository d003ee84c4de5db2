"""What every implementation of the stores must hold, whatever database is behind it."""
