"""Text on stdout: a full disk is a sentence, and a reader that has closed its pipe ends the command quietly."""

import os
import sys
from collections.abc import Iterable

from tui.core.failure import Failure


def printed(text: Iterable[str]) -> None:
    """Write the text to stdout; Failure if that is impossible, BrokenPipeError if nobody reads it."""
    try:
        sys.stdout.writelines(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        discard()
        raise Failure("The output could not be written", error.strerror or str(error)) from error


def discard() -> None:
    """Send what stdout still has to nowhere, so that the interpreter reports no error when it closes it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
