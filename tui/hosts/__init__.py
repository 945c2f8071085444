"""The Hosts room: the three hosts, and whether VMs can migrate between them."""
