"""How compared runs look: their curves on one time axis, and the lines below the charts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from textual.content import Content

from tui.checklist.widgets.item_lines import cut, one_line
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.charts import memory_picture
from tui.runs.model.difference import Difference
from tui.runs.model.groups import common, differing, letter, text
from tui.runs.model.measured import Measured
from tui.runs.model.run import Run
from tui.ui.chart.picture import AREA, BYTES, THICK, Picture, Series, Sign

COLORS = (
    "text-primary", "text-error", "text-success", "text-warning", "text-secondary", "ansi_bright_magenta",
    "ansi_bright_green", "foreground",
)  # fmt: skip
REMAINING = "remaining"
GAP = "  "
LEAST_LABEL = 16  # columns
SHORTEST_S = 0.1  # the shortest time axis


@dataclass(frozen=True)
class Track:
    """Remaining memory of one run over the seconds since its start."""

    xs: tuple[float, ...]
    ys: tuple[float | None, ...]
    switched_at: float | None  # to post-copy
    ended_at: float

    @property
    def highest(self) -> float:
        """The largest value."""
        return max((y for y in self.ys if y is not None), default=0.0)


def track_of(timeline: Timeline) -> Track:
    """The curve as the Migrate page draws it, with its gaps."""
    series = next(each for each in memory_picture(timeline).series if each.name == REMAINING)
    ended = timeline.ended_at if timeline.ended_at is not None else timeline.now
    return Track(series.xs, series.ys, timeline.post_copy_at, max(ended, *series.xs[-1:], 0.0))


def offsets(tracks: Mapping[int, Track], *, at_switch: bool) -> dict[int, float]:
    """By how many seconds each track is moved right; aligned at the switch, those without one are left out."""
    if not at_switch:
        return dict.fromkeys(tracks, 0.0)
    switches = {number: each.switched_at for number, each in tracks.items() if each.switched_at is not None}
    latest = max(switches.values(), default=0.0)
    return {number: latest - at for number, at in switches.items()}


def overlaid(tracks: Mapping[int, Track], *, at_switch: bool) -> Picture:
    """All runs in one picture; the letter of a run is on its curve, and above its end."""
    moved = offsets(tracks, at_switch=at_switch)
    return Picture(
        title="remaining memory",
        units=BYTES,
        series=tuple(_series(number, tracks[number], by, THICK) for number, by in moved.items()),
        signs=_switch(tracks, moved, at_switch=at_switch),
        window=_window(tracks, moved),
        subtitle="aligned at the switch to post-copy" if at_switch else "aligned at the start",
        empty=_empty(at_switch=at_switch),
        lettered=True,
    )


def small_multiples(tracks: Mapping[int, Track], count: int, *, at_switch: bool) -> list[Picture]:
    """One picture for each of the `count` runs, all with the same axes."""
    moved = offsets(tracks, at_switch=at_switch)
    highest = max((tracks[number].highest for number in moved), default=0.0)
    window = _window(tracks, moved)
    found = []
    for number in range(count):
        own, track = moved.get(number), tracks.get(number)
        if track is None or own is None:
            found.append(Picture(letter(number), units=BYTES, empty=_empty(at_switch=at_switch and track is not None)))
            continue
        switch = () if track.switched_at is None else (Sign(track.switched_at + own, "P", "post-copy"),)
        found.append(
            Picture(
                title=letter(number),
                units=BYTES,
                series=(replace(_series(number, track, own, AREA), name=""),),
                signs=switch,
                least_top=highest,  # of all runs, so that all pictures have the same value axis
                window=window,
            )
        )
    return found


def _empty(*, at_switch: bool) -> str:
    return "It did not switch to post-copy." if at_switch else "No remaining memory was recorded."


def _series(number: int, track: Track, by: float, form: str) -> Series:
    return Series(letter(number), tuple(x + by for x in track.xs), track.ys, COLORS[number % len(COLORS)], form)


def _switch(tracks: Mapping[int, Track], moved: Mapping[int, float], *, at_switch: bool) -> tuple[Sign, ...]:
    """The one moment of all switches."""
    at = [switched + by for number, by in moved.items() if (switched := tracks[number].switched_at) is not None]
    return (Sign(at[0], "P", "post-copy"),) if at_switch and at else ()


def _window(tracks: Mapping[int, Track], moved: Mapping[int, float]) -> tuple[float, float]:
    """The time axis: it ends with the longest run."""
    return 0.0, max([SHORTEST_S, *(tracks[number].ended_at + by for number, by in moved.items())])


def heading(runs: Sequence[Measured]) -> Content:
    """How many runs are compared, and the settings that are equal in all."""
    equal = common([run.settings for run in runs])
    return Content.assemble(" ", (f"{len(runs)} runs compared", "bold"), f"  equal in all: {equal}" if equal else "")


def run_lines(
    runs: Sequence[Run], measures: Sequence[Measured], problems: Mapping[int, str], baseline: int
) -> Iterator[Content]:
    """Which run each letter is, in the colour of its curve, and what could not be read of it."""
    axes = differing([each.settings for each in measures])
    for number, (run, measure) in enumerate(zip(runs, measures, strict=True)):
        began = run.began.astimezone().strftime("%m-%d %H:%M:%S") if run.began else run.folder.name
        words = [began, run.vm, text(measure.settings, axes) if axes else "", _end(run, measure)]
        line = GAP.join(one_line(word) for word in words if word)
        mark = ("  baseline", "bold") if number == baseline else ("", "")
        yield Content.assemble(" ", (letter(number), f"bold {_style(number)}"), GAP, line, mark)
        if number in problems:
            yield Content.assemble("    ", (one_line(problems[number]), "$warning"))


def _end(run: Run, measure: Measured) -> str:
    """How it ended, and why it does not count: "completed (excluded: warm-up)"."""
    known = measure.counts or measure.why in ("", run.outcome)
    return run.outcome if known else f"{run.outcome} ({measure.status}: {measure.why})"


def _style(number: int) -> str:
    color = COLORS[number % len(COLORS)]
    return color if color.startswith("ansi") else f"${color}"


def table_lines(rows: Sequence[Difference], count: int, width: int) -> Iterator[Content]:
    """One column a run; the ratio is behind its value, or below it where the columns do not fit.

    Runs that do not fit even so have a further table.
    """
    label = max([len(row.label) + len(_unit(row)) for row in rows], default=0)
    value = max([2, *(len(word) for row in rows for word in row.values)])
    ratio = max([0, *(len(word) for row in rows for word in row.ratios)])
    if 1 + label + count * (len(GAP) + value + 1 + ratio) <= width:
        after = [" " * (1 + ratio) if any(row.ratios[at] for row in rows) else "" for at in range(count)]
        yield from _table(rows, range(count), label, value, after)
        return
    column = max(value, ratio)
    label = min(label, max(LEAST_LABEL, width - 1 - count * (len(GAP) + column)))
    fits = max(1, (width - 1 - label) // (len(GAP) + column))
    for first in range(0, count, fits):
        yield from _table(rows, range(first, min(count, first + fits)), label, column, None)


def _table(
    rows: Sequence[Difference], runs: range, label: int, column: int, after: Sequence[str] | None
) -> Iterator[Content]:
    """The columns of some runs; `after` is the room for the ratios behind the values, None if they are below them."""
    beside = after or [""] * runs.stop
    letters = "".join(f"{GAP}{letter(at):>{column}}{beside[at]}" for at in runs)
    yield Content.styled(f" {'':<{label}}{letters}".rstrip(), "bold")
    for row in rows:
        parts: list[str | tuple[str, str]] = [f" {_labelled(row, label)}"]
        for at in runs:
            room = len(beside[at])
            parts += [f"{GAP}{row.values[at]:>{column}}", (f" {row.ratios[at]:<{room - 1}}" if room else "", "dim")]
        yield Content.assemble(*parts)
        if after is None and any(row.ratios[at] for at in runs):
            below = "".join(f"{GAP}{row.ratios[at]:>{column}}" for at in runs)
            yield Content.styled(f" {'':<{label}}{below}", "dim")


def _labelled(row: Difference, width: int) -> str:
    """The label with its unit, exactly `width` columns; the label is cut, not the unit."""
    room = width - len(_unit(row))
    return f"{cut(row.label, room) if len(row.label) > room else row.label}{_unit(row)}".ljust(width)


def _unit(row: Difference) -> str:
    return f", {row.unit}" if row.unit else ""
