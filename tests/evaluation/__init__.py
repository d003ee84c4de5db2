"""Tests of the evaluation command."""
