"""What blocks the migration of a VM, as tables of rules."""
