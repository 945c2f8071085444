"""Files and tools of a Linux host: pure parsers and plans of changes; only `sudo` and `remote_file` run commands."""
