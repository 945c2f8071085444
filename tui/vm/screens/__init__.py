"""Dialogs about a VM that several pages open."""
