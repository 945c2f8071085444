"""Separates the output of a command from what the login's shell prints before it, such as `echo Welcome` in ~/.bashrc.

Only the app's own commands are marked: libvirt over ssh reads a greeting as data and fails.
"""

import shlex
from collections.abc import Sequence

from tui.core.command import OnOutput

BEGINS = "vmlm-tui: the output begins\n"
SCRIPT = 'printf %s "$0"; exec "$@"'


def marked(argv: Sequence[str]) -> str:
    """The command line that prints the mark and becomes the command."""
    return shlex.join(["sh", "-c", SCRIPT, BEGINS, *argv])


def after_mark(stdout: str) -> str:
    """The output of the command; all of it without a mark, because then it tells why the command was not run."""
    _greeting, begins, output = stdout.partition(BEGINS)
    return output if begins else stdout


class AfterMark:
    """Passes on what arrives after the mark."""

    def __init__(self, on_output: OnOutput) -> None:
        self._on_output = on_output
        self._before, self._begun = "", False

    def __call__(self, text: str) -> None:
        if not self._begun:
            self._before, begins, text = (self._before + text).partition(BEGINS)
            self._begun = bool(begins)
        if self._begun and text:
            self._on_output(text)
