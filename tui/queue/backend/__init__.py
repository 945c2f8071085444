"""What the queue does: reads the hosts for a plan, and works it off in the runner."""
