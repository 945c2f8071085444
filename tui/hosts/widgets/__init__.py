"""How a host looks."""
