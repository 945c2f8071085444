"""The background process that outlives the terminal: its server, its protocol, its client. It knows no migration."""
