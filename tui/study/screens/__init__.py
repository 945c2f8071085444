"""The Study page, its form for a new study, and the list of all studies."""
