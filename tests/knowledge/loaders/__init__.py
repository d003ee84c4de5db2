"""Tests of the package of the same name: what each format becomes."""
