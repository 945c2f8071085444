"""Where a command writes: lines on stdout, and on a terminal one line of progress that is rewritten in place."""

import os
import shlex
import shutil
import textwrap
import unicodedata
from collections.abc import Iterable
from typing import TextIO

from tui.core.actions import with_keys
from tui.core.plain_text import plain
from tui.migration.model.verdict import BAD, GOOD, WARNING

WIDEST = 1000  # columns; a line that is longer than any terminal
SGR = {GOOD: "\x1b[32m", WARNING: "\x1b[33m", BAD: "\x1b[31m"}
RESET = "\x1b[0m"


class Output:
    """`out` and `err` of the command `verb`; `closed` once nobody reads `out` any more."""

    def __init__(self, verb: str, out: TextIO, err: TextIO | None) -> None:
        self.closed = False
        self.terminal = out.isatty()
        self._verb = verb
        self._out = out
        self._err = err
        self._colour = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self._progress = 0  # columns of the line in place

    @property
    def width(self) -> int:
        """The columns of a line."""
        return shutil.get_terminal_size().columns if self.terminal else WIDEST

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines, in place of the progress line."""
        text = "".join(f"{plain(line)}\n" for line in lines)
        if text:
            self._write(self._erased() + text)

    def progress(self, figures: str, sentence: str, tone: str = "") -> None:
        """Rewrite the progress line, cut to the width; does nothing without a terminal."""
        if not self.terminal:
            return
        line = cut(f"{plain(figures)}  {plain(sentence)}", self.width - 1)
        erased, self._progress = self._erased(), columns(line)
        if self._colour and tone in SGR:
            line = f"{line[: len(plain(figures))]}{SGR[tone]}{line[len(plain(figures)) :]}{RESET}"
        self._write(erased + line)

    def report(self, sentence: str) -> None:
        """Write a sentence on the command itself to stderr."""
        self._write(self._erased())
        try:
            print(f"vmlm-tui {self._verb}: {plain(sentence)}", file=self._err, flush=True)
        except OSError:
            self._err = None  # the terminal has gone

    def _erased(self) -> str:
        width, self._progress = self._progress, 0
        return f"\r{' ' * width}\r" if width else ""

    def _write(self, text: str) -> None:
        if self.closed or not text:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:  # BrokenPipeError, or the terminal has gone
            self.closed = True


def with_commands(sentence: str, vm: str = "VM", to: str = "") -> str:
    """The sentence with the command of each action, as a page has its key; `to` is the host of a further migration."""
    name = shlex.quote(vm)
    verbs = {each: each for each in ("post-copy", "cancel", "resume", "announce")}
    verbs |= {"start": "migrate", "clock": "clock --set"}
    more = {"start": f" --to {to}"} if to else {}
    keys = {f"migrate.{action}": f"`vmlm-tui {verb} {name}{more.get(action, '')}`" for action, verb in verbs.items()}
    keys |= {f"migrate.{limit}": f"`vmlm-tui set {name} --{limit}`" for limit in ("downtime", "bandwidth")}
    return with_keys(sentence, keys)


def wrapped(label: str, text: str, indent: int, width: int) -> list[str]:
    """A label and its text, the further lines of the text below its first one."""
    return textwrap.wrap(
        text, max(indent + 20, width), initial_indent=f"{label:<{indent}}", subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def cut(text: str, width: int) -> str:
    """The text in at most `width` columns."""
    if columns(text) <= width:
        return text
    while text and columns(text) > width - 1:
        text = text[:-1]
    return f"{text.rstrip()}~"


def padded(text: str, width: int, *, right: bool) -> str:
    """The text with spaces up to the width, before it if it belongs to the right."""
    space = " " * (width - columns(text))
    return space + text if right else text + space


def columns(text: str) -> int:
    """The columns that a terminal needs for the text."""
    return sum(
        0 if unicodedata.combining(each) else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )
