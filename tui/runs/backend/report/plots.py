"""The figures of a report, drawn by matplotlib from the numbers; each is whole without its caption."""

# matplotlib is imported only when it is used: it takes a second, and may not be installed.
# ruff: noqa: PLC0415

import io
import math
import textwrap
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tui.core.quantity import GIB, MIB
from tui.runs.backend.report.curves import Curve
from tui.runs.model.comparison import Compared, Comparison
from tui.runs.model.figures import DOWNTIMES
from tui.runs.model.groups import Group, letter, matrix, names
from tui.runs.model.measured import Settings, Value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

# Okabe and Ito: told apart with every common colour blindness. Colours are of techniques, dashes of workloads.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7B00")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
GREY = "#767676"
WIDTH = 9.0  # inches
SQUEEZED = 0.4  # a panel that would fill less of the time axis of its row has an axis of its own
OWN_AXIS = "own time axis"
LABEL = 34  # characters of a line of a label
SPREAD = 30.0  # a ratio of the largest to the smallest value from which an axis is logarithmic
STYLE = {
    "text.parse_math": False,  # a dollar in the command of a workload is no formula
    "svg.fonttype": "none",  # text stays text: it can be searched and copied
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.titlelocation": "left",
    "pdf.fonttype": 42,  # editable in a paper's figures
}


def as_bytes(figure: "Figure", form: str, salt: str = "") -> bytes:
    """The figure as "svg", "pdf" or "png"; the same figure gives the same bytes."""
    import matplotlib

    target = io.BytesIO()
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"vmlm-tui {salt}"}):
        figure.savefig(target, format=form, metadata=dated.get(form), dpi=110)
    return target.getvalue()


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw with the style of the report, and leave matplotlib's as it is."""

    @wraps(draw)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib

        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return run


@styled
def strips(compared: Compared, groups: Sequence[Group]) -> "Figure":
    """One row per group: every run as a point, the median as a bar, its interval as a line; arrows for lower bounds."""
    settings = [group.settings for group in groups]
    labels = [_lines(f"{letter(row)}  {name}") for row, name in enumerate(names(settings) if len(groups) > 1 else [""])]
    figure, axes = _figure(1, 1, height=0.8 + sum(0.24 + 0.13 * label.count("\n") for label in labels))
    axis, factor = axes[0], compared.scale.factor
    for row, (group, cell, colour) in enumerate(zip(groups, compared.cells, _colours(settings), strict=True)):
        for index, (_, value) in enumerate(group.values(compared.figure.name)):
            marker, offset = (">" if value.above else "o"), 0.1 * (index % 5 - 2)
            axis.plot(value.amount / factor, row + offset, marker, color=colour, alpha=0.5, markersize=5, mew=0)
        if cell.interval:
            low, high = (each.amount / factor for each in (cell.interval.low, cell.interval.high))
            axis.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
            if cell.interval.high.above:
                axis.plot(high, row, ">", color=colour, markersize=8, mew=0)
        if cell.description:
            middle = cell.description.median.amount / factor
            axis.plot([middle, middle], [row - 0.32, row + 0.32], color="black", linewidth=1.8, zorder=4)
        else:
            axis.text(0.01, row, "no value", transform=axis.get_yaxis_transform(), color=GREY, va="center")
    axis.set_yticks(range(len(groups)), labels)
    axis.set_ylim(len(groups) - 0.4, -0.6)
    axis.set_xlabel(_label(compared))
    axis.grid(axis="x", color="#dddddd", linewidth=0.6)
    _scale_axis(axis, [value.amount / factor for group in groups for _, value in group.values(compared.figure.name)])
    return figure


@styled
def remaining(curves: Sequence[Sequence[Curve]], settings: Sequence[Settings]) -> "Figure":
    """A panel per group: memory that remains to be sent; passes, switch and downtime of the run in the middle."""
    largest = max((amount for each in curves for curve in each for _, amount in curve.remaining), default=1)
    unit, name = (GIB, "GiB") if largest >= GIB // 2 else (MIB, "MiB")
    figure, panels = _panels(curves, settings, "all")
    for axis, members, colour in panels:
        middle = _middle(members)
        for curve in members:
            times, amounts = [t for t, _ in curve.remaining], [amount / unit for _, amount in curve.remaining]
            chosen = curve is middle
            axis.plot(times, amounts, color=colour, linewidth=1.6 if chosen else 0.7, alpha=1 if chosen else 0.35)
        _mark(axis, middle, largest / unit)
        axis.set_ylim(0, 1.1 * largest / unit)
    figure.supxlabel("seconds since the start", fontsize=9)
    figure.supylabel(f"remaining, {name}", fontsize=9)
    return figure


@styled
def guest_rates(curves: Sequence[Sequence[Curve]], settings: Sequence[Settings]) -> "Figure | None":
    """A panel per group: the workload's own rate in the guest; dashed is its rate before. None without any."""
    from matplotlib.ticker import EngFormatter

    known = [[curve for curve in each if curve.guest] for each in curves]
    if not any(known):
        return None
    figure, panels = _panels(known, settings, "row", lambda curve: max(curve.ended_at, curve.guest[-1][0]))
    for axis, members, colour in panels:
        middle = _middle(members)
        for curve in members:
            rates = [math.nan if rate is None else rate for _, rate in curve.guest]
            chosen = curve is middle
            width, alpha = (1.6, 1.0) if chosen else (0.7, 0.35)
            axis.plot([t for t, _ in curve.guest], rates, color=colour, linewidth=width, alpha=alpha)
        if middle.rate_before is not None:
            axis.axhline(middle.rate_before, color=GREY, linewidth=0.9, linestyle="--")
        if middle.switched_at is not None:
            axis.axvline(middle.switched_at, color="black", linewidth=0.8)
        axis.yaxis.set_major_formatter(EngFormatter(sep=" "))
    units = [", ".join(sorted({curve.unit for curve in members if curve.unit})) for _, members, _ in panels]
    if len(set(units)) > 1:  # an axis title cannot hold them all
        for (axis, _, _), unit in zip(panels, units, strict=True):
            axis.set_title(f"{axis.get_title(loc='left')}, {unit}", loc="left")
    figure.supxlabel("seconds since the start", fontsize=9)
    figure.supylabel("rate of the guest" if len(set(units)) > 1 else f"rate of the guest, {units[0]}", fontsize=9)
    for axis, _, _ in panels:
        axis.set_ylim(bottom=0)  # only now: panels of a row share the scale of all their curves
    return figure


@styled
def downtimes(comparison: Comparison) -> "Figure | None":
    """The empirical distribution of each downtime, a step per run, a row per workload. None if none was measured."""
    figures = [each for each in comparison.figures if each.figure.name in DOWNTIMES]
    if not figures:
        return None
    groups = comparison.groups
    settings = [group.settings for group in groups]
    rows, heads = matrix(settings)
    lines = list(dict.fromkeys(rows))
    split = min(len(lines), len(set(heads))) > 1  # else one row has all curves, which differ by colour or dash
    shown = [[at for at, row in enumerate(rows) if row == line] for line in lines] if split else [[*range(len(rows))]]
    labels = heads if split else [f"{letter(at)}  {name}" for at, name in enumerate(names(settings))]
    columns = 2 if max(map(len, labels)) < 50 else 1
    legend = 0.3 + 0.2 * math.ceil(len(set(labels)) / columns)
    figure, axes = _figure(len(shown), len(figures), legend + (0.3 + 1.9 * len(shown) if split else 2.5))
    looks = list(zip(_colours(settings), _dashes(settings), strict=True))
    handles: dict[str, Any] = {}
    for number, axis in enumerate(axes):
        line, compared = number // len(figures), figures[number % len(figures)]
        for at in shown[line]:
            color, dash = looks[at]
            steps = _steps(compared, groups[at])
            drawn = axis.plot(*steps, color=color, linestyle="-" if split else dash, linewidth=1.5)
            handles.setdefault(labels[at], drawn[0])
        axis.set_ylim(0, 1.03)
        axis.grid(color="#dddddd", linewidth=0.6)
        name, factor = compared.figure.name, compared.scale.factor
        _scale_axis(axis, [value.amount / factor for group in groups for _, value in group.values(name)])
        if line == len(shown) - 1:
            axis.set_xlabel(_label(compared))
        if number % len(figures) == 0:
            axis.set_ylabel(_lines(rows[shown[line][0]], 30) if split else "part of the runs", fontsize=8)
    if split:
        figure.supylabel("part of the runs", fontsize=9)
    figure.legend(
        [*handles.values()], [*handles], loc="outside lower left", ncols=columns, frameon=False, handlelength=4
    )
    return figure


def _steps(compared: Compared, group: Group) -> tuple[list[float], list[float]]:
    """The steps of one group; a lower bound makes none, because the true value is not known."""
    values = sorted((value for _, value in group.values(compared.figure.name)), key=_order)
    x: list[float] = []
    y: list[float] = []
    for count, value in enumerate(values, 1):
        if not value.above:
            x += [value.amount / compared.scale.factor] * 2
            y += [(count - 1) / len(values), count / len(values)]
    return x, y


def _order(value: Value) -> tuple[bool, float]:
    return value.above, value.amount


def _mark(axis: "Axes", curve: Curve, top: float) -> None:
    """Passes as ticks at the top, the switch as a line, and the downtime beside it, never thinner than a line."""
    axis.plot(curve.passes, [top * 1.04] * len(curve.passes), "|", color=GREY, markersize=5, mew=0.8)
    if curve.switched_at is None:
        return
    axis.axvline(curve.switched_at, color="black", linewidth=0.9)
    words = "post-copy" if curve.post_copy_at is not None else "switch"
    if curve.downtime_s is not None:
        axis.axvspan(curve.switched_at, curve.switched_at + curve.downtime_s, color="black", alpha=0.35, linewidth=0)
        words += f", {1000 * curve.downtime_s:.0f} ms"
    late = curve.switched_at > 0.5 * axis.get_xlim()[1]
    behind = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1}
    axis.annotate(
        words, (curve.switched_at, top * 0.93), (-3 if late else 3, 0), textcoords="offset points", fontsize=7,
        ha="right" if late else "left", va="center", bbox=behind,
    )  # fmt: skip


def _middle(curves: Sequence[Curve]) -> Curve:
    """The curve whose end is the median."""
    return sorted(curves, key=lambda curve: curve.ended_at)[(len(curves) - 1) // 2]


def _panels(
    curves: Sequence[Sequence[Curve]],
    settings: Sequence[Settings],
    sharey: str,
    last: Callable[[Curve], float] = lambda curve: curve.ended_at,
) -> "tuple[Figure, list[tuple[Axes, Sequence[Curve], str]]]":
    """A panel for each group with curves, up to the `last` moment: workloads are rows, techniques are columns.

    A row has a common time axis. A group that ends long before the others would be squeezed, and has its own.
    """
    rows, columns = matrix(settings)
    shown = [position for position, each in enumerate(curves) if each]
    lines = list(dict.fromkeys(rows[each] for each in shown))
    heads = list(dict.fromkeys(columns[each] for each in shown))
    figure, axes = _figure(len(lines), len(heads), 0.5 + 1.9 * len(lines), sharey=sharey)
    for axis in axes:
        axis.set_visible(False)
    found = []
    for position in shown:
        line, head = lines.index(rows[position]), heads.index(columns[position])
        axis = axes[line * len(heads) + head]
        axis.set_visible(True)
        own_s = max(map(last, curves[position]))
        row_s = max(last(curve) for at in shown if rows[at] == rows[position] for curve in curves[at])
        squeezed = own_s < SQUEEZED * row_s
        axis.set_xlim(0, 1.02 * (own_s if squeezed else row_s))
        title = _lines(f"{letter(position)}  {columns[position]}")
        axis.set_title(f"{title}\n{OWN_AXIS}" if squeezed else title)
        if not head:
            axis.set_ylabel(_lines(rows[position], 30), fontsize=8)
        found.append((axis, curves[position], _colours(settings)[position]))
    return figure, found


def _figure(rows: int, columns: int, height: float, *, sharey: Any = False) -> "tuple[Figure, list[Axes]]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(WIDTH, 2.4 * columns), height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharey=sharey)
    return figure, [axis for row in axes for axis in row]


def _scale_axis(axis: "Axes", amounts: Sequence[float]) -> None:
    """From 0, or logarithmic if the values spread widely."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    positive = [each for each in amounts if each > 0]
    if positive and len(positive) == len(amounts) and max(positive) > SPREAD * min(positive):
        axis.set_xscale("log")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: f"{amount:g}"))  # the usual one is a formula
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xlabel(f"{axis.get_xlabel()} (logarithmic)".strip())
    elif positive:
        axis.set_xlim(0, 1.06 * max(positive))


def _label(compared: Compared) -> str:
    label, unit = compared.figure.label, compared.scale.unit
    return f"{label}, {unit}" if unit else label


def _lines(words: str, width: int = LABEL) -> str:
    return "\n".join(textwrap.wrap(words, width, break_on_hyphens=False))


def _colours(settings: Sequence[Settings]) -> list[str]:
    """A colour for each: of its technique and options, or of its workload if these are all the same."""
    rows, columns = matrix(settings)
    keys = columns if len(set(columns)) > 1 else rows
    order = list(dict.fromkeys(keys))
    return [COLOURS[order.index(each) % len(COLOURS)] for each in keys]


def _dashes(settings: Sequence[Settings]) -> list[Any]:
    """A dash for each: of its VM, workload and direction."""
    rows, _ = matrix(settings)
    order = list(dict.fromkeys(rows))
    return [DASHES[order.index(each) % len(DASHES)] for each in rows]
