"""The first page of someone who has no configuration yet."""
