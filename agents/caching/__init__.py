"""The answer cache: questions asked before are answered again from the answer that was given."""
