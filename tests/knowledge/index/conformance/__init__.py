"""What every vector index must do, whichever it is: to test another one, name it in `parts.INDEXES`."""
