"""Many migrations as the lines of a table, and the totals above them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui.core.quantity import approximately, duration, rate, size
from tui.queue.model.estimate import rough
from tui.queue.model.move import Move, total_rate
from tui.queue.model.progress import CANNOT, FAILED, KEPT, MOVED, QUEUED, RUNNING, TAKEN_OUT
from tui.queue.model.status import ENDED, FINISHED, STOPPED
from tui.queue.model.words import progress_line, state_sentence
from tui.ui.chart.spark import resampled, spark

STYLES = {MOVED: "$success", FAILED: "$error", CANNOT: "$error", QUEUED: "dim", TAKEN_OUT: "dim", KEPT: "$warning"}
LONGEST_VM, LONGEST_HOST = 20, 16
PHASE, LEFT, RATE, END, PAUSE = 15, 8, 10, 7, 8
LEAST_CURVE, MOST_CURVE = 4, 30
WITH_LEFT = 96  # columns from which what remains is shown as a number, too
NONE = "-"


class MoveTable:
    """The lines of these moves at a width."""

    def __init__(self, moves: Sequence[Move], width: int) -> None:
        self.moves = moves
        self._width = width
        vm = _widest((each.vm for each in moves), "VM", LONGEST_VM)
        origin = _widest((each.origin for each in moves), "from", LONGEST_HOST)
        target = _widest((each.target for each in moves), "to", LONGEST_HOST)
        self._names = (vm, origin, target)
        self._with_left = width >= WITH_LEFT
        fixed = 2 + sum(self._names) + 3 + PHASE + 1 + (LEFT + 1) * self._with_left + RATE + END + PAUSE + 3
        self._curve = max(LEAST_CURVE, min(MOST_CURVE, width - fixed))

    @property
    def header(self) -> Content:
        """The names of the columns."""
        left = f"{'remaining':>{LEFT + 1}}" if self._with_left else ""
        title = "" if self._with_left else "remaining" if self._curve >= len("remaining") else "left"
        curve = set_cell_size(title, self._curve)
        figures = f"{curve}{left} {'rate':>{RATE}} {'ends in':>{END}} {'pause':>{PAUSE}}"
        text = f"  {self._named('VM', 'from', 'to')} {'phase':<{PHASE}}{figures}"
        return Content.styled(set_cell_size(text, max(1, self._width)), "bold")

    def line(self, move: Move, *, marked: bool) -> Content:
        """One migration; unknown values are dashes, a marked one has a star."""
        style = STYLES.get(move.state, "")
        name = f" {'*' if marked else ' '}{self._named(move.vm, move.origin, move.target)} "
        if move.state == RUNNING:
            phase = set_cell_size(move.phase, PHASE)
            return Content.assemble(name, (phase, "bold"), (self._spark(move), "$accent"), self._figures(move))
        took = f" in {rough(move.total_s)}" if move.state == MOVED and move.total_s is not None else ""
        phase = set_cell_size(f"{move.state}{took}", PHASE)
        if move.state == MOVED:
            gap = " " * ((LEFT + 1) * self._with_left + RATE + END + 2)
            figures = f"{gap} {_pause(move):>{PAUSE}}"
            return Content.assemble((name, "dim"), (phase, style), (self._spark(move), "dim"), (figures, "dim"))
        return Content.assemble((name, "dim" if style == "dim" else ""), (f"{phase}{move.why}", style))

    def _named(self, vm: str, origin: str, target: str) -> str:
        return " ".join(map(set_cell_size, (vm, origin, target), self._names))

    def _spark(self, move: Move) -> str:
        xs, ys = [t for t, _ in move.curve], [y for _, y in move.curve]
        return set_cell_size(spark(resampled(xs, ys, self._curve)) if any(ys) else "", self._curve)

    def _figures(self, move: Move) -> str:
        left = f" {size(move.remaining) if move.remaining is not None else NONE:>{LEFT}}" if self._with_left else ""
        speed = rate(move.rate) if move.rate is not None else NONE
        end = rough(move.left_s.likely) if move.left_s is not None and move.left_s.likely < float("inf") else NONE
        return f"{left} {speed:>{RATE}} {end:>{END}} {_pause(move):>{PAUSE}}"


def _pause(move: Move) -> str:
    """A forecast has a tilde."""
    if move.pause_s is None:
        return NONE
    return f"~{approximately(move.pause_s)}" if move.state == RUNNING else duration(move.pause_s)


def _widest(texts: Iterable[str], title: str, most: int) -> int:
    return min(most, max(map(cell_len, (title, *texts))))


def head_lines(status: Mapping[str, Any] | None, moves: Sequence[Move], width: int) -> list[Content]:
    """What the queue does or how it ended, and the totals; without a queue, how many migrations are under way."""
    running = sum(each.under_way for each in moves)
    speed = total_rate(moves)
    at = f", {rate(speed)} in all" if speed is not None else ""
    if status is None:
        count = "1 migration is" if running == 1 else f"{running} migrations are"
        return [Content.assemble(" ", (f"{count} under way", "bold"), f"{at}; no queue.")]
    state = status["state"]
    tone = {STOPPED: "$error", FINISHED: "$success"}.get(state, "") if state in ENDED else ""
    if state == FINISHED and status["counts"][FAILED] + status["counts"][CANNOT]:
        tone = "$warning"
    lines = [Content.styled(line, f"bold {tone}".strip()) for line in _wrapped(state_sentence(status), width)]
    if state not in ENDED:
        lines += [Content(line) for line in _wrapped(f"{progress_line(status)}{at}", width)]
    return [Content.assemble(" ", line) for line in lines]


def _wrapped(text: str, width: int) -> list[str]:
    return [line.plain for line in Content(text).wrap(max(10, width - 2))] if text else []


def sentence_lines(text: str, width: int, style: str = "") -> list[Content]:
    """A sentence as lines, indented by one column."""
    return [Content.assemble(" ", (line, style)) for line in _wrapped(text, width)]
