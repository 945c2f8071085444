"""`vmlm-tui doctor`: what is missing on this machine, as text or as JSON."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import json
import os
import sys
from typing import TYPE_CHECKING

from tui import __version__
from tui.app.commands.output import Output, wrapped
from tui.app.commands.session import help_of, parser_of

if TYPE_CHECKING:
    from tui.app.doctor import Line

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
LABEL = 9  # columns of a state
ABOUT = """\
Prints what vmlm-tui needs on this machine: ok, missing, or a note on what only a part of it needs, each with what to
do. It reads no host; `vmlm-tui check` does.
The exit status is 0 if nothing that is needed is missing, else 1; 2 for wrong arguments."""


def main(verb: str, words: list[str]) -> int:
    """Print the lines; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, "doctor [--json] [--config FILE] [--help]", ABOUT)
    parser.add_argument("--json", action="store_true", help="one JSON object in place of text; its `format` is 1")
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    from tui.app.doctor import MISSING, examine

    lines = examine(options.config, os.environ)
    missing = list(dict.fromkeys(line.name for line in lines if line.state == MISSING))
    output = Output(verb, sys.stdout, sys.stderr)
    output.lines([as_json(lines, missing)] if options.json else as_text(lines, missing, output.width))
    return int(bool(missing))


def as_text(lines: "list[Line]", missing: list[str], width: int) -> list[str]:
    """A line for each thing, and below it what to do."""
    text: list[str] = []
    for line in lines:
        text += wrapped(line.state, f"{line.name}: {line.found}", LABEL, width)
        text += wrapped("", line.hint, LABEL + 2, width) if line.hint else []
    end = f"Missing: {', '.join(missing)}." if missing else "Nothing that vmlm-tui needs is missing."
    return [*text, "", end]


def as_json(lines: "list[Line]", missing: list[str]) -> str:
    """The same as one line of JSON."""
    fields = [{"name": each.name, "state": each.state, "found": each.found, "hint": each.hint} for each in lines]
    document = {"format": JSON_FORMAT, "version": __version__, "missing": missing, "lines": fields}
    return json.dumps(document, ensure_ascii=False)
