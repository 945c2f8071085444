"""`vmlm-tui runs export`: runs, or all of their samples, for other programs and for a document."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui.app.commands.output import Output
from tui.app.commands.runs import parse, parser_of, path_of, reader_of
from tui.app.commands.session import help_of
from tui.app.commands.stdout import printed
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.runs.backend.reading import RunReader
    from tui.runs.model.run import Run

PICTURES = ("svg", "pdf")
FORMATS = ("csv", "json", "markdown", "latex", *PICTURES)
ABOUT = """\
Exports the named runs, or those that match all words of the filter, the newest first. CSV and JSON have every known
value, with its unit in the name of the field, times in UTC, and nothing where a value is unknown. Markdown and LaTeX
(with booktabs) are tables of --columns. With --samples, CSV and JSON have a row for each sample, with all statistics
under libvirt's own names. SVG and PDF are a picture of one run, as wide as a column of a paper; they need the extra
`vmlm-tui[report]`. The exit status is 1 if no run matches, or if a log could not be read."""


def main(verb: str, words: list[str]) -> int:
    """Export runs; returns the exit status, raises Failure for wrong words."""
    usage = "[RUN|FILTER...] --format FORMAT [--samples] [--columns A,B,C] [-o FILE]"
    parser = parser_of(verb, usage, ABOUT)
    parser.add_argument("words", nargs="*", metavar="RUN|FILTER", help="such as last, or vm:guest1 -is:excluded")
    parser.add_argument("--format", choices=FORMATS, metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument("--samples", action="store_true", help="a row for each sample")
    parser.add_argument("--columns", metavar="A,B,C", help="the columns of a markdown or latex table")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file, which is replaced")
    options = parse(parser, words, short=("-h", "-o"))
    if options.help:
        return help_of(parser)
    if options.format is None:
        parser.error(f"--format is missing: {', '.join(FORMATS)}")
    table, picture = options.format in ("markdown", "latex"), options.format in PICTURES
    if options.samples and (table or picture):
        parser.error(f"--samples is for csv and json, not for {options.format}")
    if options.columns and picture:
        parser.error(f"--columns is for markdown and latex; {options.format} is a picture")
    if options.columns and not table:
        parser.error(f"--columns is for markdown and latex; {options.format} has all fields")
    from tui.runs.model.table import chosen, columns

    names = [name.strip() for name in options.columns.split(",")] if options.columns else []
    chosen(names, columns({}))
    reader = reader_of(options)
    runs = selected(reader, options.words)
    output = Output("runs export", sys.stdout, sys.stderr)
    unread: list[str] = []
    if not picture:
        write(_text(runs, options, names, unread), options.output)
    elif runs:
        write_picture(runs, options.format, options.output)
    if not runs:
        output.report(f"No run matches in {reader.folder}.")
    for problem in unread:
        output.report(problem)
    return 1 if unread or not runs else 0


def _text(runs: "Sequence[Run]", options: Namespace, names: Sequence[str], unread: list[str]) -> Iterable[str]:
    """The text of the runs; a log that can't be read adds a sentence to `unread`."""
    from tui.runs.backend.export_text import run_text, sample_text, usual_columns
    from tui.runs.model.table import chosen, columns, short_names

    if options.samples:
        return sample_text(runs, options.format, unread)
    known = columns(short_names(run.folder for run in runs))
    return run_text(runs, options.format, chosen(names, known) if names else usual_columns(runs))


def selected(reader: "RunReader", words: Sequence[str]) -> "list[Run]":
    """The runs that the words name, or all if they name none, as far as they match the other words."""
    from tui.runs.backend.find import look_up
    from tui.runs.model.filter import filter_of

    named, others = dict[Path, "Run"](), list[str]()
    for word in words:
        is_filter = ":" in word and "/" not in word
        run = None if is_filter or word.startswith("-") else look_up(reader, word)
        if run is None:
            others.append(word)
        else:
            named[run.folder] = run
    wanted = filter_of(others)
    runs: Iterable[Run] = named.values() if named else reader.list()
    return sorted(filter(wanted.matches, runs), key=lambda run: run.sort_key, reverse=True)


def write(text: Iterable[str], path: str | None) -> None:
    """Write the text to a file, or to stdout; Failure if the file can't be written."""
    if path is None or path == "-":
        printed(text)
        return
    try:
        with path_of(path).open("w", encoding="utf-8", newline="") as file:
            file.writelines(text)
    except OSError as error:
        raise Failure(f"{path} could not be written", error.strerror or str(error), detail=str(error)) from error


def write_picture(runs: "Sequence[Run]", form: str, path: str | None) -> None:
    """Write the picture of one run to a file, or to stdout; Failure if that is impossible."""
    from tui.runs.backend.report.picture import PDF, picture_of

    to_stdout = path is None or path == "-"
    if to_stdout and form == PDF and sys.stdout.isatty():
        raise Failure("A terminal cannot show a PDF", hint="Name a file: -o FILE.")
    picture = picture_of(runs, form)
    try:
        if path is None or path == "-":
            sys.stdout.buffer.write(picture)
            sys.stdout.buffer.flush()
        else:
            path_of(path).write_bytes(picture)
    except OSError as error:
        if to_stdout:
            raise
        raise Failure(f"{path} could not be written", error.strerror or str(error), detail=str(error)) from error
