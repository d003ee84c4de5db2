"""`python -m evaluation`: how good the desk is, with the embedded model and no key.

Stands on top of the desk it measures, which is why it alone in this folder knows agents and settings.
"""
