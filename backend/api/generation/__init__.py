"""Models without documents: the generation gateway and the model endpoint."""
