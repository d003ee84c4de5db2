"""Tests of the room of the same name: what each format becomes."""
