"""The hosts, and whether VMs can migrate between them."""
