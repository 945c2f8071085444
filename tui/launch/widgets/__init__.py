"""How a VM and its workload look."""
