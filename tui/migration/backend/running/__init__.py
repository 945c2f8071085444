"""One migration while it runs: its actor, and what that works with."""
