"""The recorded runs as lines of a table, and the lines about one of them."""

from datetime import datetime

from rich.cells import set_cell_size
from textual.content import Content

from tui.checklist.widgets.item_lines import cut, one_line
from tui.core.plain_text import plain
from tui.core.plan import technique_words
from tui.core.quantity import clock, duration, size
from tui.runs.model.run import BROKEN, UNDER_WAY, UNFINISHED, Run

NARROW = 100  # columns below which the year and the seconds are omitted
STYLES = {
    "completed": "$success",
    "failed": "$error",
    "cancelled": "$warning",
    "lost": "$warning",
    UNDER_WAY: "$accent",
    UNFINISHED: "$warning",
    BROKEN: "$error",
}
GAP = " "
LEAST_NAME = 8
WIDTHS = (("workload", 8), ("technique", 10), ("outcome", 10))
FIGURES = (("total", 7), ("downtime", 8), ("sent", 8))


def header(width: int) -> Content:
    """The names of the columns."""
    return _row(width, "time", "VM", [name for name, _ in WIDTHS], [name for name, _ in FIGURES], "", "bold")


def run_line(run: Run, width: int) -> Content:
    """One run; unknown values are dashes."""
    began = _time(run.began, width)
    figures = [_short(run.total_s), _short(run.downtime_s), size(run.sent_bytes) if run.sent_bytes is not None else "-"]
    words = [run.workload or "-", run.how or "-", run.outcome]
    return _row(width, began, run.vm or run.folder.name, words, figures, STYLES.get(run.outcome, ""))


def about_lines(run: Run, width: int) -> tuple[Content, ...]:
    """Below the table: the folder of the chosen run, and its problem."""
    parts = [Content(plain(str(run.folder)))]
    if run.problem:
        parts.append(Content.styled(plain(run.problem), STYLES.get(run.outcome, "")))
    if run.imported:
        parts.append(Content.styled(one_line(run.imported), "dim"))
    return tuple(Content.assemble(" ", line) for part in parts for line in part.wrap(max(10, width - 2)))


def heading(run: Run) -> Content:
    """The VM, its direction, the technique, the workload and the time, in one line."""
    way = f"{run.origin} -> {run.target}" if run.origin and run.target else ""
    how = technique_words(run.technique)
    words = [way, how, f"workload {run.workload}" if run.workload else "", _time(run.began, NARROW)]
    name, rest = one_line(run.vm or run.folder.name), "   ".join(one_line(word) for word in words if word)
    return Content.assemble(" ", (name, "bold"), "  ", rest)


def _row(width: int, began: str, vm: str, words: list[str], figures: list[str], style: str, base: str = "") -> Content:
    """One line of the table; the name gets the rest of the width, the last figures are dropped if it is too narrow."""
    time = set_cell_size(began, len(_time(None, width)))
    fixed = len(time) + sum(size + len(GAP) for _, size in WIDTHS) + 3 * len(GAP)
    fitting = len(FIGURES)
    while fitting and width - fixed - _sum(fitting) < LEAST_NAME:
        fitting -= 1
    left = [time, cut(one_line(vm), max(LEAST_NAME, width - fixed - _sum(fitting)))]
    left += [cut(one_line(word), size) for word, (_, size) in zip(words[:-1], WIDTHS, strict=False)]
    numbers = [
        f"{figure:>{size}}" if len(figure) <= size else cut(figure, size)
        for figure, (_, size) in zip(figures[:fitting], FIGURES, strict=False)
    ]
    outcome = (cut(one_line(words[-1]), WIDTHS[-1][1]), style)
    return Content.assemble(GAP + GAP.join(left) + GAP, outcome, "".join(GAP + each for each in numbers)).stylize(base)


def _sum(figures: int) -> int:
    """The width of the first `figures` figures."""
    return sum(size + len(GAP) for _, size in FIGURES[:figures])


def _time(began: datetime | None, width: int) -> str:
    """Local time; a dash, padded to the same length, if unknown."""
    pattern = "%m-%d %H:%M" if width < NARROW else "%Y-%m-%d %H:%M:%S"
    if began is None:
        return "-".ljust(len(datetime.now().strftime(pattern)))  # only its length counts
    return began.astimezone().strftime(pattern)


def _short(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return duration(seconds) if seconds < 59.95 else clock(seconds)
