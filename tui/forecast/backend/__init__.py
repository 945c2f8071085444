"""Measures what a forecast starts from: the dirty curve of a running VM, and the link between two hosts."""
