"""The Launch room: creates, boots and stops VMs, and runs workloads in them."""
