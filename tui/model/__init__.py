"""What the app knows: frozen dataclasses and arithmetic on them, standard library only."""
