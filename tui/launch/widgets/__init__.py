"""Widgets that show VMs and their workload."""
