"""The result of a command on a host."""

from collections.abc import Callable
from dataclasses import dataclass

from tui.core.failure import Failure

OnOutput = Callable[[str], None]  # called with the text of both streams as it arrives


@dataclass(frozen=True)
class Completed:
    """The exit status of a command, 0 on success, and its whole output."""

    status: int
    stdout: str
    stderr: str

    def output(self, what: str) -> str:
        """Its stdout; where it failed a Failure that begins with `what` and quotes the last line it printed."""
        if self.status:
            printed = (self.stderr.strip() or self.stdout.strip()).splitlines()
            why = printed[-1] if printed else f"its command exited with status {self.status} and printed nothing"
            raise Failure(what, why, detail=self.stdout + self.stderr)
        return self.stdout
