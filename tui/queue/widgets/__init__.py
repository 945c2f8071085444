"""How a plan and a queue look: values in, lines out."""
