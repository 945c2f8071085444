"""A connection that broke under a command."""


class Broken(Exception):
    """The connection broke; `started` says whether the command may have run."""

    def __init__(self, reason: str, *, started: bool) -> None:
        super().__init__(reason)
        self.started = started
