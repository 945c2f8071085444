"""Facts about the shared folder, the script that reads them, and the steps of the list."""
