"""The error of a connection that broke."""


class Broken(Exception):
    """The connection broke; `started` is true if the command may have run."""

    def __init__(self, reason: str, *, started: bool) -> None:
        super().__init__(reason)
        self.started = started
