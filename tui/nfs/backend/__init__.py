"""Reads the facts and proves that the folder is shared."""
