"""A chart in characters that writes only the cells that changed."""
