"""The command line, the frame around the pages, the configuration, and the wiring."""
