"""The checks of the Hosts list, each with the change that fixes it."""
