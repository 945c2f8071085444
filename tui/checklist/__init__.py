"""What Hosts and NFS share: steps that are checked, explained, applied and undone."""
