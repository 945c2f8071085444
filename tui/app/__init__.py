"""The command line, the Textual app with its first page, the configuration, and the wiring."""
