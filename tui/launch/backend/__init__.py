"""Creates, boots and stops VMs, and starts workloads."""
