"""Adapters for libvirt, ssh and local processes; their types and errors stay inside this package."""
