"""Admit, queue, run, record and recover runs."""
