"""Facts about the hosts, the scripts that read them, and the steps of the Hosts list."""
