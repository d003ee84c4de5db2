"""Tests of the web desk in a browser."""
