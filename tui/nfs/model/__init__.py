"""Facts about the shared folder, the scripts that read them, and the steps of the list."""
