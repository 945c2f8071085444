"""Domains and their disks: what Launch and Migration share."""
