"""Domains and their disks, shared by Launch and Migration."""
