"""What a study does: works through its runs in the runner, and records its progress."""
