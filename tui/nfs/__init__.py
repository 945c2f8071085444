"""The NFS room: checks, sets up, tests and undoes the shared image folder."""
