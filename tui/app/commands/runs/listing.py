"""`vmlm-tui runs list`: the recorded runs as a table."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.app.commands.output import Output, columns, cut, padded
from tui.app.commands.runs import parse, parser_of, reader_of
from tui.app.commands.session import help_of
from tui.app.commands.stdout import printed

if TYPE_CHECKING:
    from tui.runs.model.run import Run
    from tui.runs.model.table import Column

GAP = "  "
ABOUT = """\
Prints the recorded runs, the newest first; those that match all words of the filter. On a terminal, columns that do not
fit are left out unless --columns names them. The exit status is 1 if no run matches."""


def main(verb: str, words: list[str]) -> int:
    """Print the runs; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, "[FILTER...] [--json] [--sort COLUMN] [--reverse] [--columns A,B,C]", ABOUT)
    parser.add_argument("words", nargs="*", metavar="FILTER", help="such as vm:guest1 -tag:bad since:2026-11-01")
    parser.add_argument("--json", action="store_true", help="a JSON list with all fields of `runs export`")
    parser.add_argument("--sort", metavar="COLUMN", help="by the values of a column, the lowest first")
    parser.add_argument("--reverse", action="store_true", help="in the reverse order")
    parser.add_argument("--columns", metavar="A,B,C", help="these columns, in this order; a wrong name lists all")
    options = parse(parser, words)
    if options.help:
        return help_of(parser)
    from tui.runs.model.filter import filter_of
    from tui.runs.model.table import USUAL, chosen, ordered, short_names
    from tui.runs.model.table import columns as all_columns

    wanted = filter_of(options.words)
    reader = reader_of(options)
    known = all_columns({})
    names = [name.strip() for name in (options.columns or ",".join(USUAL)).split(",")]
    chosen([*names, *([options.sort] if options.sort else [])], known)  # before anything is read
    runs = reader.list()
    known = all_columns(short_names(run.folder for run in runs))
    found = [run for run in runs if wanted.matches(run)]
    if options.sort:
        found = ordered(found, known[options.sort], reverse=options.reverse)
    elif options.reverse:
        found.reverse()
    output = Output("runs list", sys.stdout, sys.stderr)
    if options.json:
        from tui.runs.model.export import fields, json_list

        printed(json_list(map(fields, found)))
    elif found:
        table = chosen(names, known)
        width = output.width if output.terminal and not options.columns else None
        output.lines(table_lines(found, table, keep_empty=bool(options.columns), width=width))
    else:
        output.report(f"No run matches in {reader.folder}." if runs else f"There is no run in {reader.folder}.")
    return 0 if found else 1


def table_lines(
    runs: Sequence["Run"], table: Sequence["Column"], *, keep_empty: bool, width: int | None = None
) -> list[str]:
    """The header and one line a run; without `keep_empty`, columns in which nothing is known are left out.

    With a width, more columns are left out until the lines fit, and the last one is cut.
    """
    from tui.runs.model.table import LEFT_OUT, UNKNOWN

    filled = {each.name: [each.cell(run) for run in runs] for each in table}
    shown = [each for each in table if keep_empty or any(filled[each.name])]
    cells = {each.name: [each.title, *(cell or UNKNOWN for cell in filled[each.name])] for each in shown}
    widths = {name: max(map(columns, texts)) for name, texts in cells.items()}
    for name in LEFT_OUT:
        if width is None or sum(widths[each.name] + len(GAP) for each in shown) - len(GAP) <= width:
            break
        shown = [each for each in shown if each.name != name]
    lines = [
        GAP.join(padded(cells[each.name][row], widths[each.name], right=each.right) for each in shown).rstrip()
        for row in range(len(runs) + 1)
    ]
    return lines if width is None else [cut(line, width) for line in lines]
