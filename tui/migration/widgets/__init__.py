"""How a migration looks."""
