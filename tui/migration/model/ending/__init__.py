"""What the end of a migration means: its outcome, where the VM is, why it failed, and what the hosts logged."""
