"""The NFS room: the shared folder of the images, checked, set up, proved and undone."""
