"""How a checklist looks."""
