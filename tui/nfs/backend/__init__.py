"""Reads the facts and tests that the folder is shared."""
