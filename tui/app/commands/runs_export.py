"""`vmlm-tui runs export`: runs, or all of their samples, for other programs and for a document."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.app.commands.output import Output
from tui.app.commands.runs import parse, parser_of, path_of, printed, reader_of
from tui.app.commands.session import help_of
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.runs.backend.reading import RunReader
    from tui.runs.model.run import Run

FORMATS = ("csv", "json", "markdown", "latex")
ABOUT = """\
Exports the named runs, or those that match all words of the filter, the newest first. CSV and JSON have every known
value, with its unit in the name of the field, times in UTC, and nothing where a value is unknown. Markdown and LaTeX
(with booktabs) are tables of --columns. With --samples, CSV and JSON have a row for each sample, with all statistics
under libvirt's own names. The exit status is 1 if no run matches, or if a log could not be read."""


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
    table = options.format in ("markdown", "latex")
    if options.samples and table:
        parser.error(f"--samples is for csv and json, not for {options.format}")
    if options.columns and not table:
        parser.error(f"--columns is for markdown and latex; {options.format} has all fields")
    from tui.runs.model.table import USUAL, chosen, columns, short_names

    names = [name.strip() for name in (options.columns or ",".join(USUAL)).split(",")]
    chosen(names, columns({}))
    reader = reader_of(options)
    runs = selected(reader, options.words)
    output = Output("runs export", sys.stdout, sys.stderr)
    unread: list[str] = []
    if options.samples:
        text = sample_text(runs, options.format, unread)
    else:
        shown = chosen(names, columns(short_names(run.folder for run in runs)))
        text = run_text(runs, options.format, [c for c in shown if options.columns or any(map(c.cell, runs))])
    write(text, options.output)
    if not runs:
        output.report(f"No run matches in {reader.folder}.")
    for problem in unread:
        output.report(problem)
    return 1 if unread or not runs else 0


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


def run_text(runs: "Sequence[Run]", format: str, table: Sequence[Any]) -> Iterator[str]:
    """The runs in a format."""
    from tui.runs.model.export import csv_of_runs, fields, json_list
    from tui.runs.model.paper import latex_table, markdown_table

    if format == "csv":
        return csv_of_runs(runs)
    if format == "json":
        return json_list(map(fields, runs))
    return markdown_table(runs, table) if format == "markdown" else latex_table(runs, table)


def sample_text(runs: "Sequence[Run]", format: str, unread: list[str]) -> Iterator[str]:
    """The samples of all runs in a format; a log that can't be read adds a sentence to `unread`."""
    from tui.runs.model.export import SAMPLE_FIELDS, csv_lines, json_list

    if format == "json":
        yield from json_list(sample_rows(runs, unread))
        return
    # Two passes over the logs, because the header has the statistics of all samples, and a log may have 100 MB.
    names = dict.fromkeys(chain(SAMPLE_FIELDS, chain.from_iterable(sample_rows(runs, []))))
    yield from csv_lines(list(names), sample_rows(runs, unread))


def sample_rows(runs: "Sequence[Run]", unread: list[str]) -> Iterator[dict[str, Any]]:
    """A row for each sample of the runs."""
    from tui.migration.backend.recorder import RAW
    from tui.migration.backend.run_files import records_of
    from tui.migration.model.record import Sample
    from tui.runs.model.export import sample_row

    for run in runs:
        broken = 0
        try:
            for each in records_of(run.folder / RAW):
                broken += each is None
                if isinstance(each, Sample):
                    yield sample_row(run, each)
        except OSError as error:
            unread.append(f"The log of {run.folder.name} can't be read: {error.strerror or error}.")
        if broken:
            unread.append(f"{run.folder.name}: {broken} line{'' if broken == 1 else 's'} of the log could not be read.")


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
