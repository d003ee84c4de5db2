"""`python -m evaluation`: how good the desk is, with the embedded model and no key.

This package builds on the product it measures, which is why it imports agents and settings.
"""
