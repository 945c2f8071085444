"""The queue: many migrations of one plan, such as all that empty a host, worked off in the runner."""
