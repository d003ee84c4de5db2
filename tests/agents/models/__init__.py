"""The model layer: names, prices, failures, breakers and deadlines, through the real clients of the providers."""
