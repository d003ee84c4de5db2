"""What every implementation of the stores must hold, whichever database is behind them."""
