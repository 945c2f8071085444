"""What the app costs and how fast it is, measured in the lab: `make bench`, one `name value unit` a line."""
