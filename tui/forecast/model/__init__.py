"""The arithmetic of a forecast: the dirty curve, the passes it leads to, the techniques side by side."""
