"""`vmlm-tui runs compare`: groups of equal settings, their figures with intervals, and what differs."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tui.app.arguments import Parser
from tui.app.commands.output import Output, columns, padded
from tui.app.commands.runs import parse, parser_of, reader_of
from tui.app.commands.session import help_of
from tui.app.commands.stdout import printed
from tui.core.failure import Failure

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.runs.backend.reading import RunReader
    from tui.runs.model.comparison import Compared, Comparison
    from tui.runs.model.run import Run

POOL = "put runs there and back into one group; the default is a group for each direction"
JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
ABOUT = """\
Puts runs with equal settings into groups, and compares the groups: medians with 95 % intervals, ratios, rank tests.
Without words all runs are compared."""


def main(verb: str, words: list[str]) -> int:
    """Print the comparison; returns the exit status, raises Failure if there is nothing to compare."""
    parser = _parser(verb)
    options = parse(parser, words)
    if options.help:
        return help_of(parser)
    runs = chosen(reader_of(options), options.words)
    comparison = compared(runs, options)
    if options.json:
        printed([json.dumps(document(comparison), ensure_ascii=False), "\n"])
        return 0
    import sys

    output = Output(f"runs {verb}", sys.stdout, sys.stderr)
    output.lines([*text(comparison, output.width), *forecast_lines(runs, output.width)])
    return 0


def forecast_lines(runs: "Sequence[Run]", width: int) -> list[str]:
    """How right the forecasts of the runs were, of each technique; nothing if there was none."""
    from tui.runs.model.accuracy import by_technique

    found = [line for each in by_technique(runs) for line in _wrapped(each.sentence, width)]
    return ["", *found] if found else []


def _parser(verb: str) -> Parser:
    from tui.runs.model.figures import FIGURES
    from tui.runs.model.measured import AXES

    usage = "[RUN|FILTER...] [--by SETTING] [--pool-directions] [--figure FIGURE] [--baseline GROUP] [--json]"
    parser = parser_of(verb, usage, ABOUT)
    parser.add_argument("words", nargs="*", metavar="RUN|FILTER", help="which runs; the default is all")
    by = f"compare only groups that differ by it; several are possible: {', '.join(AXES)}"
    parser.add_argument("--by", action="append", choices=AXES, metavar="SETTING", default=[], help=by)
    parser.add_argument("--pool-directions", action="store_true", help=POOL)
    figure = f"the default is all that were measured; several are possible: {', '.join(FIGURES)}"
    parser.add_argument("--figure", action="append", choices=FIGURES, metavar="FIGURE", default=[], help=figure)
    baseline = "the letter of a group, or a part of its name; the default is the first group"
    parser.add_argument("--baseline", metavar="GROUP", help=baseline)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    return parser


def chosen(reader: "RunReader", words: Sequence[str]) -> "list[Run]":
    """The runs that the words name or match; Failure if there is none."""
    from tui.app.commands.runs.export import selected

    found = selected(reader, words)
    if not found:
        raise Failure("There is no run to compare", f"none in {reader.folder} matches")
    return found


def compared(runs: "Sequence[Run]", options: "Namespace") -> "Comparison":
    """The comparison that the options request; Failure for a baseline that is no group."""
    from tui.runs.backend.comparison import compare
    from tui.runs.model.groups import grouped
    from tui.runs.model.measure import measured

    groups = grouped(measured(runs), pooled=options.pool_directions)
    baseline = _baseline([group.settings for group in groups], options.baseline) if options.baseline else None
    return compare(groups, options.figure, options.by, baseline)


def _baseline(settings: Sequence[Any], given: str) -> int:
    from tui.runs.model.groups import letter, names

    letters = [letter(position) for position in range(len(settings))]
    if given.upper() in letters:
        return letters.index(given.upper())
    found = [position for position, name in enumerate(names(settings)) if given.lower() in name.lower()]
    if len(found) == 1:
        return found[0]
    groups = "; ".join(f"{each}: {name}" for each, name in zip(letters, names(settings), strict=True))
    what = f'"{given}" is in the names of {len(found)} groups' if found else f'No group is named "{given}"'
    raise Failure(what, f"the groups are {groups}", "Use the letter of one.")


def text(comparison: "Comparison", width: int) -> list[str]:
    """The comparison as lines: the groups, a table for each figure, and below it warnings and sentences."""
    from tui.runs.model.comparison import warning_lines
    from tui.runs.model.findings import counted
    from tui.runs.model.groups import common, directions, letter, names
    from tui.runs.model.measured import STATUSES

    groups = comparison.groups
    settings = [group.settings for group in groups]
    runs = sum(len(group.runs) for group in groups)
    equal = common(settings)
    rows = [["", "group", "runs", STATUSES[0], "converged", *STATUSES[1:]]]
    for position, (group, name) in enumerate(zip(groups, names(settings), strict=True)):
        counts = [group.count(status) for status in STATUSES]
        numbers = [len(group.runs), counts[0], group.converged, *counts[1:]]
        rows.append([letter(position), name if len(groups) > 1 else "all runs", *map(str, numbers)])
    title = f"{counted(runs, 'run')} in {counted(len(groups), 'group')} of equal settings"
    lines = [f"{title}; equal in all: {equal}" if equal else title]
    if ways := directions(groups, comparison.by):
        other = "" if ways.endswith("pooled.") else " --pool-directions puts both into one group."
        lines += _wrapped(f"{ways}{other}", width)
    lines += ["", *aligned(rows, left=(0, 1))]
    reasons = [(each, f"does not count: {why}") for each, group in enumerate(groups) for why in group.reasons]
    mixed = [(each, f"not equal in the group: {fact}") for each, group in enumerate(groups) for fact in group.mixed]
    lines += _indented(warning_lines([*reasons, *mixed]), width)
    for each in comparison.figures:
        lines += ["", *_figure(each, width, tested=not comparison.missing)]
    if not comparison.figures:
        lines += ["", "No run that counts has any figure."]
    ends = [f"Intervals: {comparison.method}. Tests: Mann-Whitney U, two-sided." if comparison.method else ""]
    return [*lines, "", *_wrapped(" ".join(each for each in (*ends, comparison.missing) if each), width)]


def _figure(compared: "Compared", width: int, *, tested: bool) -> list[str]:
    """The table of one figure, its warnings, and its comparisons."""
    from tui.runs.model.comparison import median_text, value_text, warning_lines
    from tui.runs.model.groups import letter

    scale = compared.scale
    rows = [["", "n", "median [95 % interval]", "mean", "sd", "IQR", "min", "max"]]
    for position, cell in enumerate(compared.cells):
        found = cell.description
        if found is None:
            rows.append([letter(position), "0", *("-" for _ in range(6))])
            continue
        spread = ["-" if each is None else scale.average(each) for each in (found.mean, found.sd, found.iqr)]
        ends = [value_text(scale, each) for each in (found.least, found.most)]
        rows.append([letter(position), str(found.n), median_text(scale, cell), *spread, *ends])
    title = f"{compared.figure.label}{f', {scale.unit}' if scale.unit else ''}"
    warnings = warning_lines((each, text) for each, cell in enumerate(compared.cells) for text in cell.warnings)
    sentences = [compared.sentence(pair) for pair in compared.pairs] if tested else []
    table = aligned(rows, left=(0, 2))
    return [f"{title[0].upper()}{title[1:]}", *table, *_indented(warnings, width), *_indented(sentences, width)]


def aligned(rows: Sequence[Sequence[str]], left: Sequence[int]) -> list[str]:
    """The rows with columns of equal width; numbers are on the right, the columns `left` on the left."""
    widths = [max(columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            padded(word, width, right=column not in left)
            for column, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def document(comparison: "Comparison") -> dict[str, Any]:
    """The comparison as one JSON object; amounts are in seconds, bytes, percent or counts."""
    from tui.runs.model.groups import directions, letter, names

    groups = comparison.groups
    called = names([group.settings for group in groups])
    return {
        "format": JSON_FORMAT,
        "method": comparison.method or None,
        "missing": comparison.missing or None,
        "directions": directions(groups, comparison.by) or None,
        "groups": [
            {
                "group": letter(position),
                "name": called[position],
                "settings": {axis: value for axis, value in vars(group.settings).items() if value},
                "converged": group.converged,
                "runs": [{"run": run.name, "status": run.status, "why": run.why or None} for run in group.runs],
                "not_equal": group.mixed,
            }
            for position, group in enumerate(groups)
        ],
        "figures": {each.figure.name: _figure_document(each) for each in comparison.figures},
    }


def _figure_document(compared: "Compared") -> dict[str, Any]:
    from dataclasses import asdict

    from tui.runs.model.groups import letter

    cells = {
        letter(position): {
            **(asdict(cell.description) if cell.description else {"n": 0}),
            "interval": asdict(cell.interval) if cell.interval else None,
            "warnings": cell.warnings,
        }
        for position, cell in enumerate(compared.cells)
    }
    pairs = [
        {
            "group": letter(pair.group),
            "baseline": letter(pair.baseline),
            "ratio": asdict(pair.ratio) if pair.ratio else None,
            "test": asdict(pair.test) if pair.test else None,
            "p_after_holm": pair.corrected,
            "sentence": compared.sentence(pair) if pair.ratio or pair.test else None,
        }
        for pair in compared.pairs
    ]
    return {"label": compared.figure.label, "groups": cells, "comparisons": pairs}


def _indented(lines: Sequence[str], width: int) -> list[str]:
    return [part for line in lines for part in _wrapped(line, width, "   ")]


def _wrapped(line: str, width: int, indent: str = "") -> list[str]:
    import textwrap

    return textwrap.wrap(
        line, width, initial_indent=indent, subsequent_indent=indent * 2, break_long_words=False, break_on_hyphens=False
    )
