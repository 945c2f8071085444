"""`vmlm-tui runs report`: one self-contained HTML file about the chosen runs."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from pathlib import Path

from tui.app.arguments import Parser

USAGE = "vmlm-tui runs report [FILTER|RUN ...] -o FILE.html [--figures FOLDER] [--by SETTING] [--help]"
ABOUT = """\
Writes an HTML report without network: what was found, figures, all numbers, machines, links to the raw files.
FILTER are words as for `vmlm-tui runs list`, RUN names of run folders; without them it is about all runs."""


def main(words: list[str]) -> int:
    """Write the report; returns the exit status, raises Failure if it cannot be written."""
    import sys

    from tui.app.commands.output import Output
    from tui.app.commands.runs_compare import chosen, recorded
    from tui.runs.backend.report.page import write_report

    parser = _parser()
    options = parser.parse(words)
    if options.help:
        sys.stdout.write(parser.format_help())
        return 0
    page = Path(options.output).expanduser()
    folder = Path(options.figures).expanduser() if options.figures else None
    files = write_report(chosen(recorded(options), options.words), page, folder, options.by)
    figures = f" and {len(files) - 1} files of figures in {folder}" if folder else ""
    Output("runs report", sys.stdout, sys.stderr).lines([f"Written: {page}{figures}."])
    return 0


def _parser() -> Parser:
    from tui.runs.model.measured import AXES

    command = "vmlm-tui runs report"
    parser = Parser(f"{command} --help", prog=command, usage=USAGE, description=ABOUT)
    parser.add_argument("words", nargs="*", metavar="FILTER|RUN", help="which runs; the default is all")
    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the default is report.html")
    parser.add_argument("--figures", metavar="FOLDER", help="write each figure as SVG and PDF into this folder, too")
    by = f"compare only groups that differ by it; the default is technique and options; {', '.join(AXES)}"
    parser.add_argument("--by", action="append", choices=AXES, metavar="SETTING", default=[], help=by)
    parser.add_argument("--folder", metavar="FOLDER", help="the folder of the runs; the default is the configured one")
    return parser
