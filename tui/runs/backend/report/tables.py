"""The tables of a report as HTML; each text of a run is escaped."""

import os
from collections.abc import Mapping, Sequence
from html import escape as escape_html
from pathlib import Path
from urllib.parse import quote

from tui.core.plain_text import plain
from tui.core.quantity import size
from tui.forecast.model.interval import SHARE
from tui.migration.backend.recording.recorder import AFTERWARDS, RAW, SUMMARY, TEXT
from tui.runs.backend.importer import ORIGINAL
from tui.runs.backend.notes import NOTE
from tui.runs.model.accuracy import accuracy, error_text
from tui.runs.model.comparison import Cell, Compared, Comparison, median_text, value_text, warning_lines
from tui.runs.model.description import Description
from tui.runs.model.figures import FIGURES, Scale
from tui.runs.model.groups import WORDS, letter, matrix
from tui.runs.model.measured import AXES, STATUSES, Measured, Settings, Value
from tui.runs.model.run import HostFacts, Run

FILES = (SUMMARY, RAW, TEXT, ORIGINAL, AFTERWARDS, NOTE)


def escape(words: str) -> str:
    """A text of a run for HTML, without control characters."""
    return escape_html(plain(words))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A table of cells that are HTML already; from the column `left` on, they are aligned to the right."""

    def row(cells: Sequence[str], tag: str) -> str:
        kinds = ("" if column < left else ' class="n"' for column in range(len(cells)))
        return "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))

    body = "\n".join(f"<tr>{row(each, 'td')}</tr>" for each in rows)
    return (
        f'<div class="wide"><table>\n<thead><tr>{row(head, "th")}</tr></thead>\n<tbody>{body}</tbody>\n</table></div>'
    )


def group_table(comparison: Comparison, called: Sequence[str]) -> str:
    """How many runs of each group completed, and what became of the others."""
    rows = []
    for position, (group, name) in enumerate(zip(comparison.groups, called, strict=True)):
        counts = [str(group.count(status)) for status in STATUSES]
        notes = "; ".join([*group.reasons, *(f"not equal: {fact}" for fact in group.mixed)])
        named = [f"<b>{letter(position)}</b>", escape(name), escape(notes)]
        rows.append([*named, str(len(group.runs)), counts[0], str(group.converged), *counts[1:]])
    head = ["", "group", "notes", "runs", STATUSES[0], "converged", *STATUSES[1:]]
    return table(head, rows, left=3)


def forecast_table(comparison: Comparison, called: Sequence[str], runs: Mapping[Path, Run]) -> str:
    """How right the forecasts of each group were; empty if no run had one."""
    rows = []
    for position, (group, name) in enumerate(zip(comparison.groups, called, strict=True)):
        found = accuracy(runs[each.folder] for each in group.runs if each.folder in runs)
        if found is not None:
            shares = [found.verdict.words, found.total.words, error_text(found.total_error)]
            shares += [found.downtime.words, error_text(found.downtime_error)]
            rows.append([f"<b>{letter(position)}</b>", escape(name), str(found.runs), *map(escape, shares)])
    if not rows:
        return ""
    head = ["", "group", "runs", "verdict right", "total within", "median error", "downtime within", "median error"]
    holds = f"Each interval is to hold {100 * SHARE:.0f} % of the outcomes. Runs that were not judged do not count."
    return f"<p>{holds}</p>{table(head, rows, left=2)}"


def matrix_table(comparison: Comparison, compared: Compared) -> str:
    """One figure as a matrix of the groups."""
    rows, columns = matrix([group.settings for group in comparison.groups])
    cells: dict[tuple[str, str], list[str]] = {}
    for position, key in enumerate(zip(rows, columns, strict=True)):
        cells.setdefault(key, []).append(_matrix_cell(position, compared))
    heads = list(dict.fromkeys(columns))
    body = [
        [escape(row or "all"), *("<br>".join(cells.get((row, column), ["-"])) for column in heads)]
        for row in dict.fromkeys(rows)
    ]
    return table(["", *map(escape, heads)], body)


def _matrix_cell(position: int, compared: Compared) -> str:
    cell = compared.cells[position]
    if cell.description is None:
        return f"{letter(position)}: no value"
    median = escape(median_text(compared.scale, cell))
    return f"<b>{median}</b> <small>{letter(position)}, n = {cell.description.n}</small>"


def figure_table(compared: Compared, called: Sequence[str]) -> str:
    """Every number of one figure, a row per group; below it the warnings and all comparisons."""
    head = ["", "group", "n", "median", "95 % interval", "mean", "sd", "IQR", "min", "max"]
    rows = [
        [f"<b>{letter(position)}</b>", escape(name), *map(escape, _numbers(compared.scale, cell))]
        for position, (name, cell) in enumerate(zip(called, compared.cells, strict=True))
    ]
    warnings = warning_lines((at, text) for at, cell in enumerate(compared.cells) for text in cell.warnings)
    sentences = [compared.sentence(pair) for pair in compared.pairs]
    return table(head, rows, left=2) + items(warnings, "warnings") + items(sentences)


def _numbers(scale: Scale, cell: Cell) -> list[str]:
    found: Description | None = cell.description
    if found is None:
        return ["0", *("-" for _ in range(7))]
    interval = cell.interval
    ends = f"{value_text(scale, interval.low)} to {value_text(scale, interval.high)}" if interval else "-"
    spread = ["-" if each is None else scale.average(each) for each in (found.mean, found.sd, found.iqr)]
    middle, least, most = (value_text(scale, each) for each in (found.median, found.least, found.most))
    return [str(found.n), middle, ends, *spread, least, most]


def run_table(runs: Mapping[Path, Run], comparison: Comparison, beside: Path) -> str:
    """Every run with its figures and links to its files, relative to the folder `beside`."""
    names = [each.figure.name for each in comparison.figures]
    scales = {each.figure.name: each.scale for each in comparison.figures}
    heads = [f"{FIGURES[name].label}{f', {scales[name].unit}' if scales[name].unit else ''}" for name in names]
    rows = []
    for position, group in enumerate(comparison.groups):
        for run in group.runs:
            state = f"{run.status}: {run.why}" if run.why and run.why != run.status else run.status
            values = [_value(scales[name], run.values.get(name)) for name in names]
            named = [f"<b>{letter(position)}</b>", f"<code>{escape(run.name)}</code>", escape(state)]
            rows.append([*named, _files(runs.get(run.folder), beside), *values])
    return table(["", "run", "status", "files", *map(escape, heads)], rows, left=4)


def _value(scale: Scale, value: Value | None) -> str:
    return "-" if value is None else escape(value_text(scale, value))


def _files(run: Run | None, beside: Path) -> str:
    if run is None:
        return ""
    found = [name for name in FILES if (run.folder / name).is_file()]
    links = [f'<a href="{escape(_link(run.folder / name, beside))}">{escape(name)}</a>' for name in found]
    return " ".join(links)


def _link(target: Path, beside: Path) -> str:
    return quote(os.fsencode(os.path.relpath(target.absolute(), beside.absolute())))  # a name may be no UTF-8


def machine_table(runs: Sequence[Run]) -> str:
    """The hosts as they were, with the number of runs: other versions are other rows."""
    found: dict[tuple[str, HostFacts, str, str], int] = {}
    for run in runs:
        for name, facts in ((run.origin, run.origin_facts), (run.target, run.target_facts)):
            if name:
                key = (name, facts, run.virtualization, run.app_version)
                found[key] = found.get(key, 0) + 1
    rows = [
        [
            escape(name),
            *(escape(each) or "-" for each in (facts.hostname, facts.cpu_model)),
            str(facts.cpus or "-"),
            size(facts.memory_bytes) if facts.memory_bytes else "-",
            *(escape(each) or "-" for each in (facts.libvirt, facts.qemu, accelerator, version)),
            str(count),
        ]
        for (name, facts, accelerator, version), count in found.items()
    ]
    head = ["host", "name", "CPU model", "CPUs", "memory", "libvirt", "QEMU", "accelerator", "vmlm-tui", "runs"]
    return table(head, rows, left=3)


def settings_table(settings: Settings, runs: Sequence[Measured]) -> str:
    """The settings that all groups share, and when the runs were made."""
    began = sorted(run.began for run in runs if run.began)
    rows = [[escape(WORDS[axis]), escape(getattr(settings, axis))] for axis in AXES if getattr(settings, axis)]
    if began:
        rows.append(["runs", f"{began[0]:%Y-%m-%d %H:%M} to {began[-1]:%Y-%m-%d %H:%M} {began[0]:%Z}"])
    return table(["setting, equal in all", ""], rows, left=2)


def items(lines: Sequence[str], kind: str = "") -> str:
    """A list of sentences; empty without any."""
    if not lines:
        return ""
    return f'<ul class="{kind}">' + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
