"""A command that has ended on some host."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Completed:
    """What it answered: its exit status, 0 where it did well, and all that it printed."""

    status: int
    stdout: str
    stderr: str
