"""The languages that the desk reads: a module each."""
