"""Reads facts from all hosts."""
