"""`vmlm-tui shot`: a picture of the Migrate page of a recorded run, as SVG or as text with colours."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import os
import re
import sys
from typing import TYPE_CHECKING

from tui.app.commands.runs import FOLDER, path_of, reader_of
from tui.app.commands.session import help_of, parser_of
from tui.app.commands.stdout import printed
from tui.core.failure import Failure

if TYPE_CHECKING:
    from argparse import Namespace

SIZE = re.compile(r"(\d{1,4})x(\d{1,4})", re.ASCII)
SMALLEST, LARGEST = (20, 6), (1000, 500)
USAGE = "shot RUN [--size 120x40] [--at TIME] [--svg | --ansi] [--out FILE] [--folder FOLDER] [--config FILE] [--help]"
ABOUT = """\
Draws the Migrate page as it was at the end of a run, or at a moment of it. RUN is the name of a folder, the beginning
of one, a path, or `last`. It needs no terminal, and no host is asked.
The exit status is 0, or 2 if there is no picture."""


def main(verb: str, words: list[str]) -> int:
    """Draw a picture; returns the exit status, raises Failure if there is none."""
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("run", nargs="?", metavar="RUN", help="such as 20261128T235324Z, or last")
    parser.add_argument("--size", default="120x40", metavar="COLUMNSxROWS", help="of the page; the default is 120x40")
    parser.add_argument("--at", metavar="TIME", help="12, or 1:05 for minutes and seconds; the default is the end")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--svg", action="store_true", help="as SVG; the default if FILE ends with .svg")
    form.add_argument("--ansi", action="store_true", help="as text with escape sequences, for `cat` and `less -R`")
    parser.add_argument("--out", metavar="FILE", help="where to write it; the default is stdout")
    parser.add_argument("--folder", metavar="FOLDER", help=FOLDER)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.run is None:
        parser.error("RUN is missing")
    text = _picture(options, _size(options.size))
    if options.out is None:
        printed([text])
    else:
        _write(options.out, text)
    return 0


def _size(text: str) -> tuple[int, int]:
    found = SIZE.fullmatch(text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(low <= each <= high for low, each, high in zip(SMALLEST, size, LARGEST, strict=True)):
        low, high = "x".join(map(str, SMALLEST)), "x".join(map(str, LARGEST))
        raise Failure(f"--size {text} is not possible", hint=f"Columns and rows are expected: 120x40, {low} to {high}.")
    return size


def _picture(options: "Namespace", size: tuple[int, int]) -> str:
    from tui.app.terminal import TEXTUAL
    from tui.runs.backend.find import find_run
    from tui.runs.backend.reading import open_run
    from tui.runs.backend.replay import ReplayLog
    from tui.runs.model.replay import read_time

    run = find_run(reader_of(options), options.run)
    opened, log = open_run(run), ReplayLog(run.folder)
    try:
        at = log.track.ends if options.at is None else min(read_time(options.at), log.track.ends)
    except ValueError as error:
        raise Failure(f"--at {options.at} is no time of the run", hint=str(error)) from error
    for name, value in TEXTUAL.items():
        os.environ.setdefault(name, value)
    from tui.app.screens.shot import picture
    from tui.runs.screens.still import StillPage

    svg = options.svg or (not options.ansi and str(options.out).endswith(".svg"))
    page = StillPage(opened, log.timeline(log.count_at(at)), at)
    return picture(page, size, svg=svg, title=run.folder.name)


def _write(out: str, text: str) -> None:
    path = path_of(out)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{path} could not be written", error.strerror or str(error)) from error
    print(path, file=sys.stderr)
