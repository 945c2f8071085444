"""The widgets that show a host."""
