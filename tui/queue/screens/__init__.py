"""The screens of the queue: its plan, its limits, and the table of many migrations."""
