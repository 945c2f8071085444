"""The Launch room: VMs made, booted and stopped, and workloads in them."""
