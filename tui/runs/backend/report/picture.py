"""The picture of one run for a paper, one column wide, drawn by matplotlib from the run's log."""

# matplotlib is imported only when it is used: it takes a second, and may not be installed.
# ruff: noqa: PLC0415

import math
import textwrap
from collections.abc import Sequence
from importlib.util import find_spec
from operator import itemgetter
from typing import TYPE_CHECKING

from tui.core.failure import Failure
from tui.core.plan import technique_words
from tui.core.quantity import GIB, MIB, duration, size
from tui.guest.model.rate import MIB_S
from tui.migration.model.after_end import shown_until
from tui.migration.model.phases import PASS, POST_COPY, SETUP, Phase, phases
from tui.migration.model.rate_before import rate_before
from tui.migration.model.switch_limit import limit_of
from tui.migration.model.timeline import LOST, Timeline
from tui.runs.backend.reading import OpenRun, open_run
from tui.runs.backend.report.curves import switched_at
from tui.runs.backend.report.plots import COLOURS, GREY, STYLE, as_bytes
from tui.runs.backend.statistics import INSTALL
from tui.runs.model.run import HostFacts, Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Dots = Sequence[tuple[float, float | None]]

WIDTH = 3.5  # inches: a column of a paper with two columns
BLUE, RED, GREEN = COLOURS[:3]
SMALL = {
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 6.5,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "hatch.linewidth": 0.4,
}
LEGEND = {
    "loc": "lower right", "bbox_to_anchor": (1.02, 0.94), "ncols": 3, "frameon": False,
    "handlelength": 1.6, "handletextpad": 0.5, "columnspacing": 1.0,
}  # fmt: skip
ROOM = 1.22  # of the largest value: the downtime is written above the curves
SVG, PDF = "svg", "pdf"
FEWEST_PART = 0.04  # of the time axis: a narrower phase has no number


def picture_of(runs: Sequence[Run], form: str) -> bytes:
    """The picture of one run as SVG or PDF. Blocks; Failure if it is not one, without matplotlib or without samples."""
    if len(runs) != 1:
        raise Failure("A picture shows one run", f"{len(runs)} are chosen", "Choose one of them.")
    run = runs[0]
    if find_spec("matplotlib") is None:
        raise Failure("A picture of a run needs matplotlib", "not installed", INSTALL)
    opened = open_run(run)
    if not opened.timeline.points:
        raise Failure(f"There is no picture of {run.folder.name}", "its log has no samples of the memory")
    import matplotlib

    with matplotlib.rc_context({**STYLE, **SMALL}):
        figure = _drawn(opened)
    return as_bytes(figure, form, run.folder.name)


def _drawn(opened: OpenRun) -> "Figure":
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    run, timeline = opened.run, opened.timeline
    guest = any(each.rate is not None for each in timeline.guest)
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.015, hspace=0.02)
    figure = Figure(figsize=(WIDTH, 3.9 if guest else 3.0), layout=layout)
    axes = figure.subplots(3 + guest, 1, sharex=True, height_ratios=[0.13, 1.25, 1, 0.9][: 3 + guest])
    _draw_phases(axes[0], timeline)
    _draw_remaining(axes[1], timeline)
    _draw_rates(axes[2], timeline)
    if guest:
        _draw_guest(axes[3], timeline)
    for axis, (pause_ms, words) in zip(axes[1:], _pauses(run, timeline), strict=False):
        _mark(axis, timeline, pause_ms, words)
    axes[0].set_xlim(0, 1.01 * _last(timeline))
    axes[-1].set_xlabel("time since the start, s")
    figure.suptitle(_title(run), x=0.01, ha="left", fontsize=7.5, linespacing=1.35)
    figure.supxlabel(_small_print(run), x=0.01, ha="left", fontsize=5, color=GREY, linespacing=1.3)
    return figure


def _pauses(run: Run, timeline: Timeline) -> list[tuple[float, str]]:
    """The downtime in milliseconds with its words by libvirt, by the network and by the guest; 0 if not measured."""
    observed = timeline.observed
    return [
        (1000 * (run.downtime_s or 0.0), "downtime by libvirt"),
        ((observed.network_ms if observed else None) or 0.0, "without a reply"),
        ((observed.guest_pause_ms if observed else None) or 0.0, "pause in the guest"),
    ]


def _draw_phases(axis: "Axes", timeline: Timeline) -> None:
    """The ribbon above the charts: setup, the passes with their numbers, post-copy."""
    looks = {SETUP: ("#f0f0f0", "setup"), PASS: ("#d6e6f2", ""), POST_COPY: ("#f5d9c4", POST_COPY)}
    length = _last(timeline)
    for each in phases(timeline):
        if each.kind not in looks:
            continue
        colour, name = looks[each.kind]
        axis.axvspan(each.begin, each.end, facecolor=colour, edgecolor="white", linewidth=0.6)
        words = name or _pass_words(each, length)
        if (each.end - each.begin) / length > FEWEST_PART * max(1.0, len(words) / 3):
            axis.text((each.begin + each.end) / 2, 0.45, words, ha="center", va="center", fontsize=5.3)
    if (ended := _ended_before_the_last(timeline)) is not None:
        axis.text(ended, 0.45, "  end", va="center", fontsize=5.3, color=GREY)
    axis.set_ylim(0, 1)
    axis.set_yticks([])
    axis.tick_params(bottom=False)
    axis.spines[:].set_visible(False)


def _pass_words(phase: Phase, length: float) -> str:
    wide = (phase.end - phase.begin) / length > 4 * FEWEST_PART
    return f"pass {phase.number}" if wide else str(phase.number)


def _draw_remaining(axis: "Axes", timeline: Timeline) -> None:
    largest = max(point.remaining for point in timeline.points)
    unit, name = (GIB, "GiB") if largest >= GIB // 2 else (MIB, "MiB")
    times, amounts = _curve(timeline, [(point.t, point.remaining / unit) for point in timeline.points])
    axis.fill_between(times, amounts, color=BLUE, alpha=0.25, linewidth=0)
    axis.plot(times, amounts, color=BLUE, linewidth=1)
    limit = limit_of(timeline)
    if limit is not None:
        fits = f"{size(limit)} fits {timeline.max_downtime_ms} ms"
        axis.axhline(limit / unit, color=GREY, linewidth=0.8, linestyle="--", label=fits)
        axis.legend(**LEGEND)
    axis.set_ylim(0, ROOM * largest / unit)
    axis.set_title("remaining memory", pad=3)
    axis.set_ylabel(name)


def _draw_rates(axis: "Axes", timeline: Timeline) -> None:
    """Sending, against the rate at which the VM writes memory, which is unknown in post-copy."""
    until = math.inf if timeline.post_copy_at is None else timeline.post_copy_at
    rates = [each for point in timeline.points for each in (point.rate, point.dirty_rate) if each]
    unit, name = (GIB, "GiB/s") if max(rates, default=0) >= GIB else (MIB, "MiB/s")

    def scaled(rate: float | None) -> float | None:
        return None if rate is None else rate / unit

    times, sent = _curve(timeline, [(point.t, scaled(point.rate)) for point in timeline.points])
    axis.fill_between(times, sent, color=BLUE, alpha=0.25, linewidth=0)
    axis.plot(times, sent, color=BLUE, linewidth=1, label="sending")
    dirty = [(point.t, scaled(point.dirty_rate)) for point in timeline.points if point.t <= until]
    if any(rate is not None for _, rate in dirty):
        axis.plot(*_curve(timeline, dirty), color=RED, linewidth=1, linestyle=(0, (2.5, 1)), label="dirtying")
    axis.set_ylim(0, ROOM * max(rates, default=unit) / unit)
    axis.set_title("sending and dirtying", pad=3)
    axis.set_ylabel(name)
    axis.legend(**LEGEND)


def _draw_guest(axis: "Axes", timeline: Timeline) -> None:
    """The workload's own rate; hatched where no line of it came."""
    from matplotlib.ticker import EngFormatter

    times, rates = _curve(timeline, [(each.t, each.rate) for each in timeline.guest])
    unit, before = timeline.guest[-1].unit, rate_before(timeline)
    axis.fill_between(times, rates, color=GREEN, alpha=0.2, linewidth=0)
    axis.plot(times, rates, color=GREEN, linewidth=1)
    for begin, end in _silent(timeline):
        axis.axvspan(begin, end, facecolor="none", edgecolor=GREY, hatch="////", linewidth=0)
    if before is not None:
        axis.axhline(before.rate, color=GREY, linewidth=0.8, linestyle="--", label=f"rate {before.name}")
        axis.legend(**LEGEND)
    if unit != MIB_S:
        axis.yaxis.set_major_formatter(EngFormatter(sep=""))
    known = [rate for rate in rates if not math.isnan(rate)] + ([before.rate] if before else [])
    axis.set_ylim(0, ROOM * max(known) or 1.0)
    axis.set_title("rate of the workload", pad=3)
    axis.set_ylabel(unit)


def _silent(timeline: Timeline) -> list[tuple[float, float]]:
    """The times without a line of the workload, from the last one before to the first one after."""
    found, last, since = list[tuple[float, float]](), None, None
    for each in timeline.guest:
        if each.rate is None:
            since = each.t if last is None else last
            continue
        found += [] if since is None else [(since, each.t)]
        last, since = each.t, None
    return found if since is None else [*found, (since, max(since, _last(timeline)))]


def _curve(timeline: Timeline, dots: Dots) -> tuple[list[float], list[float]]:
    """The curve for matplotlib, broken where nothing was measured or recorded."""
    every = sorted([*((gap, None) for gap in timeline.gaps), *dots], key=itemgetter(0))
    return [t for t, _ in every], [math.nan if amount is None else amount for _, amount in every]


def _mark(axis: "Axes", timeline: Timeline, pause_ms: float, words: str) -> None:
    """Passes as thin lines, the switch as a strong one with the downtime behind it, and what was not recorded."""
    for each in phases(timeline):
        if each.kind == PASS and each.begin:
            axis.axvline(each.begin, color="#bbbbbb", linewidth=0.4, zorder=0)
    for gap in timeline.gaps:
        before = max((point.t for point in timeline.points if point.t < gap), default=0.0)
        axis.axvspan(before, gap, facecolor="none", edgecolor=GREY, hatch="xxxx", linewidth=0)
    at, last = switched_at(timeline), _last(timeline)
    if (ended := _ended_before_the_last(timeline)) is not None:
        axis.axvline(ended, color=GREY, linewidth=0.7, linestyle=":")
    if at is None:
        return
    axis.axvline(at, color="black", linewidth=0.9)
    if not pause_ms:
        return
    axis.axvspan(at, at + pause_ms / 1000, color="black", alpha=0.35, linewidth=0)
    late = at > last / 2
    axis.annotate(
        f"{pause_ms:.0f} ms {words}", (at, 0.91), (-3 if late else 3, 0), ("data", "axes fraction"), "offset points",
        fontsize=6, ha="right" if late else "left", va="center",
        bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 0.8},
    )  # fmt: skip


def _ended_before_the_last(timeline: Timeline) -> float | None:
    """The end of the migration, if the guest's rate goes on after it."""
    ended = timeline.ended_at
    return ended if ended is not None and _last(timeline) > ended + 1.0 else None


def _last(timeline: Timeline) -> float:
    """The end of the time axis."""
    ended = timeline.now if timeline.ended_at is None else timeline.ended_at
    newest = max(ended, timeline.points[-1].t, timeline.guest[-1].t if timeline.guest else 0.0)
    return shown_until(timeline, newest) or 1.0


def _title(run: Run) -> str:
    """What was migrated where and how; below it, what ran in the guest, and how it ended."""
    way = run.way.replace("->", "→")
    options = run.options
    technique = technique_words(options.technique, options.timeout_s)
    first = ", ".join(filter(None, [f"{run.vm}: {way}" if way else run.vm, technique, *options.changes]))
    memory = run.memory_bytes or run.total_bytes
    of_vm = [f"{run.vcpus} vCPUs" if run.vcpus else "", size(memory) if memory else "", run.virtualization]
    total = "" if run.total_s is None else f"{run.outcome} in {duration(run.total_s)}"
    ended = "the end is not in the log" if run.imported and run.outcome == LOST else total or run.outcome
    second = ", ".join(filter(None, [*of_vm, f"workload {run.workload}" if run.workload else "", ended]))
    return f"{_lines(first, 58)}\n{_lines(second, 58)}"


def _small_print(run: Run) -> str:
    """The workload's parameters, the versions and the name of the run."""
    parameters = ", ".join(f"{name} {value}" for name, value in run.parameters.items())
    hosts: dict[str, list[str]] = {}
    for name, facts in ((run.origin, run.origin_facts), (run.target, run.target_facts)):
        if versions := _versions(facts):
            hosts.setdefault(versions, []).append(name)
    parts = [f"{run.workload}: {parameters}" if parameters else ""]
    parts += [f"{' and '.join(names)}: {versions}" for versions, names in hosts.items()]
    parts += [f"vmlm-tui {run.app_version}" if run.app_version else "", run.folder.name]
    return _lines("; ".join(filter(None, parts)), 92)


def _versions(facts: HostFacts) -> str:
    words = [f"QEMU {facts.qemu}" if facts.qemu else "", f"libvirt {facts.libvirt}" if facts.libvirt else ""]
    return ", ".join(filter(None, [*words, facts.cpu_model]))


def _lines(words: str, letters: int) -> str:
    return "\n".join(textwrap.wrap(words, letters, break_on_hyphens=False))
