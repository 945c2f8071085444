"""The phases of a migration above its charts, on their time axis: "░setup░▏1 full copy  ▏2     ▏3 "."""

from collections.abc import Sequence

from textual.content import Content

from tui.migration.model.phases import PASS, SETUP, Phase
from tui.ui.chart.scale import Scale

EDGE = "▏"
FILL = "░"
FIRST = "1 full copy"
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
LEFT = "pass"  # before the axis
STYLES = {SETUP: "dim", PASS: "bold"}
END, END_STYLE = "end", "dim"
OTHERS = "bold $accent"  # the switchover and post-copy
OTHERS_FILLED = "bold reverse $accent"


def ribbon(phases: Sequence[Phase], scale: Scale, left: int, width: int, ended: float | None = None) -> Content:
    """One line `width` cells wide; the time axis begins after `left` cells, and may go on after the end."""
    cells = [(" ", "")] * width
    passes = [each for each in phases if each.kind == PASS]
    step, numbered, free = _step(passes, scale), 0, 0  # the last number shown, the first column without a label

    def write(column: int, text: str, style: str) -> None:
        for at, character in enumerate(text, left + column):
            if left <= at < width:
                cells[at] = character, style

    goes_on = ended is not None and scale.shows(ended) and scale.column(ended) + len(EDGE + END) < scale.columns
    for each in phases:
        if each.begin >= scale.begin + scale.span or (each.end <= scale.begin and each is not phases[-1]):
            continue
        start, end = scale.column(each.begin), scale.column(each.end)
        if each.kind == SETUP:
            write(start, _centred("setup", end - start), STYLES[SETUP])
        elif each.kind == PASS:
            label = FIRST if each.number == 1 and len(FIRST) < end - start else str(each.number)
            if start >= free and (each.number == 1 or each.number // step > numbered // step):
                write(start, EDGE + label, STYLES[PASS])
                numbered, free = each.number, start + len(label) + 2
        elif goes_on:  # its name is after the mark of the end if it is short
            room = end - start + 1
            write(start, (each.kind if len(each.kind) <= room else "").ljust(room), OTHERS_FILLED)
        else:  # its name goes on into the margin if it is short
            write(start, each.kind, OTHERS)
            write(start, each.kind[: end - start + 1].ljust(end - start + 1), OTHERS_FILLED)
    if goes_on and ended is not None:
        last, at = phases[-1] if phases else None, scale.column(ended) + 1
        unnamed = last is not None and last.kind not in (SETUP, PASS) and len(last.kind) > at - scale.column(last.begin)
        write(at, EDGE + (f"{last.kind}, {END}" if last is not None and unnamed else END), END_STYLE)
    for at, character in enumerate(LEFT.rjust(left - 1) if left > len(LEFT) else ""):
        cells[at] = character, "dim"
    return Content.assemble(*cells)


def _step(passes: Sequence[Phase], scale: Scale) -> int:
    """Every how many passes one is labelled, so that the labels do not touch."""
    if not passes:
        return 1
    shown = [each for each in passes if scale.shows(each.begin)] or passes[-1:]
    first, last = shown[0], shown[-1]  # of a long run, a part of the passes between is known
    wide = (scale.column(last.begin) - scale.column(first.begin)) / max(1, last.number - first.number)
    need = len(str(last.number)) + 2
    return next((step for step in STEPS if wide * step >= need), STEPS[-1]) if len(shown) > 1 else 1


def _centred(word: str, columns: int) -> str:
    return word.center(columns, FILL) if len(word) <= columns else FILL * columns
