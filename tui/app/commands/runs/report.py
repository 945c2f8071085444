"""`vmlm-tui runs report`: one self-contained HTML file about the chosen runs."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import sys

from tui.app.arguments import Parser
from tui.app.commands.output import Output
from tui.app.commands.runs import parse, parser_of, path_of, reader_of
from tui.app.commands.session import help_of

ABOUT = """\
Writes an HTML report without network: what was found, figures, all numbers, machines, links to the raw files.
Without words it is about all runs."""


def main(verb: str, words: list[str]) -> int:
    """Write the report; returns the exit status, raises Failure if it cannot be written."""
    from tui.app.commands.runs.compare import chosen

    parser = parser_of(verb, "[RUN|FILTER...] [-o FILE] [--figures FOLDER] [--by SETTING] [--pool-directions]", ABOUT)
    parser.add_argument("words", nargs="*", metavar="RUN|FILTER", help="which runs; the default is all")
    add_options(parser)
    options = parse(parser, words, ("-h", "-o"))
    if options.help:
        return help_of(parser)
    from tui.runs.backend.report.page import write_report

    page = path_of(options.output)
    folder = path_of(options.figures) if options.figures else None
    runs = chosen(reader_of(options), options.words)
    files = write_report(runs, page, folder, options.by, pooled=options.pool_directions)
    figures = f" and {len(files) - 1} files of figures in {folder}" if folder else ""
    Output(f"runs {verb}", sys.stdout, sys.stderr).lines([f"Written: {page}{figures}."])
    return 0


def add_options(parser: Parser) -> None:
    """Add the options of a report."""
    from tui.app.commands.runs.compare import POOL
    from tui.runs.model.measured import AXES

    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the default is report.html")
    parser.add_argument("--figures", metavar="FOLDER", help="write each figure as SVG and PDF into this folder, too")
    by = f"compare only groups that differ by it; the default is technique and options; {', '.join(AXES)}"
    parser.add_argument("--by", action="append", choices=AXES, metavar="SETTING", default=[], help=by)
    parser.add_argument("--pool-directions", action="store_true", help=POOL)
