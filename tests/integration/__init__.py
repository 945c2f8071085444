"""Against real ssh servers and real shells in this process, and libvirt's own test driver."""
