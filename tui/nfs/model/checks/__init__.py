"""The checks of the NFS list, each beside the change that makes it right."""
