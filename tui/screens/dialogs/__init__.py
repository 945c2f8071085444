"""The questions a page asks before it acts."""
