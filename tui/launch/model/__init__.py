"""A VM that is asked for, before it is made."""
