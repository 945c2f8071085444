"""Whether a migration will end, how long it takes and pauses the VM, known before it starts and while it runs."""
