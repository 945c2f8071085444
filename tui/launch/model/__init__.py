"""The request for a new VM and the plan to build it."""
