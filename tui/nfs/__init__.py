"""The NFS room: checks, sets up, proves and undoes the shared image folder."""
