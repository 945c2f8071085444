"""Text on stdout: a full disk is a sentence, and a reader that has closed its pipe ends the command quietly."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from tui.app.commands import CANNOT_START
from tui.core.plain_text import plain


class Stdout:
    """Stdout for a command; `errors` are those of all writes, also if the command went on after them."""

    def __init__(self, stream: Any, errors: list[OSError] | None = None) -> None:
        self.errors: list[OSError] = [] if errors is None else errors
        self._stream = stream

    @property
    def buffer(self) -> "Stdout":
        """The stream of bytes below this one."""
        return Stdout(self._stream.buffer, self.errors)

    def write(self, text: str | bytes) -> Any:
        """Write the text, or the bytes; raises OSError."""
        return self._watched(lambda: self._stream.write(text))

    def writelines(self, lines: Iterable[str | bytes]) -> None:
        """Write each line; raises OSError."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Hand what was written to the system; raises OSError."""
        self._watched(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _watched(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except OSError as error:
            self.errors.append(error)
            raise


def watched(name: str, command: Callable[[], int]) -> int:
    """Run the command `name`; returns its exit status, which is not 0 if its output could not be written.

    A pipe that nobody reads any more is no error: the command ends quietly, with its own status.
    """
    original: TextIO | None = sys.stdout
    if original is None:
        _report(name, "the standard output is closed")
        return CANNOT_START
    stdout = Stdout(original)
    sys.stdout = stdout
    try:
        status = _status(stdout, command)
    finally:
        sys.stdout = original
    if not stdout.errors:
        return status
    # What it still has goes to nowhere, so that the interpreter reports no error when it closes it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), original.fileno())
    error = stdout.errors[0]
    if isinstance(error, BrokenPipeError):
        return status
    _report(name, error.strerror or str(error))
    return status or CANNOT_START


def printed(text: Iterable[str]) -> None:
    """Write the text to stdout; OSError if that is impossible."""
    sys.stdout.writelines(text)
    sys.stdout.flush()


def _status(stdout: Stdout, command: Callable[[], int]) -> int:
    """The exit status of the command; 0 if a write ended it."""
    try:
        try:
            status = command()
        except SystemExit as ended:  # the --help of `vmlm-tui lab`
            status = int(ended.code or 0)
        stdout.flush()
    except OSError:
        if not stdout.errors:  # not one of stdout
            raise
        return 0
    return status


def _report(name: str, why: str) -> None:
    with contextlib.suppress(OSError):  # stderr is on the same full disk, or on the terminal that has gone
        print(f"{name}: The output could not be written: {plain(why)}.", file=sys.stderr)
