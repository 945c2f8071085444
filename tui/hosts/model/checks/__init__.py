"""The checks of the Hosts list, each beside the change that makes it right."""
