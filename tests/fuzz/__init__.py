"""Readers of files and of output from hosts, given damaged input."""
