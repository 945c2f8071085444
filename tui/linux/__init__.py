"""Files and tools of a Linux host, read and planned as pure functions; `sudo` and `remote_file` run commands."""
