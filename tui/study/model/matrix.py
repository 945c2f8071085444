"""The table of a study: workloads down, techniques across, and in each cell what is known of that setting."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tui.core.quantity import duration
from tui.study.model.progress import DONE_FAILED, DONE_OK, SHORT_ENDS
from tui.study.model.status import DIRECTIONS

LEGEND = "runs done/planned, median total time and downtime out/back; > is under way"


@dataclass(frozen=True)
class Place:
    """One cell: its text, and whether one of its runs is under way, or has failed."""

    text: str
    is_now: bool = False
    has_failed: bool = False


@dataclass(frozen=True)
class Matrix:
    """`cells` by the names of their row and column, of which some may be missing."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Place]


def matrix_of(status: Mapping[str, Any]) -> Matrix:
    """The table of a study's status."""
    now, cells = (status.get("step") or {}).get("cell"), dict[tuple[str, str], Place]()
    for each in status["cells"]:
        place = Place(_text(each), each["cell"] == now, bool(each[DONE_FAILED]))
        cells[str(each.get("row", each["short"])), str(each.get("column", ""))] = place
    rows, columns = (tuple(sorted({key[axis] for key in cells}, key=_natural)) for axis in (0, 1))
    return Matrix(rows, columns, cells)


def _natural(name: str) -> list[tuple[int, str]]:
    """Orders "50 MiB/s" before "100 MiB/s"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,18})", name)]


def _text(cell: Mapping[str, Any]) -> str:
    """ "5/10  9.7/9.9 s  83/85 ms, 1 failed"."""
    parts = [f"{cell['done']}/{cell['total']}"]
    if cell["median_total_s"] is not None:
        ways = list((cell.get(DIRECTIONS) or {"": cell}).values())  # earlier versions have only that of both
        parts += [_out_and_back([figure(each) for each in ways]) for figure in (_total, _downtime)]
    ends = [f"{cell[result]} {words}" for result, words in SHORT_ENDS.items() if result != DONE_OK and cell[result]]
    return ", ".join(["  ".join(parts), *ends])


def _total(medians: Mapping[str, Any]) -> str:
    total_s = medians["median_total_s"]
    return "-" if total_s is None else f"{'>' if medians['median_is_above'] else ''}{duration(total_s)}"


def _downtime(medians: Mapping[str, Any]) -> str:
    downtime_s = medians.get("median_downtime_s")
    return "-" if downtime_s is None else duration(downtime_s)


def _out_and_back(texts: Sequence[str]) -> str:
    """The figures of both directions with one unit: "9.7/9.9 s", "9.7/- s"; "-" if there is none."""
    known = [each for each in texts if each != "-"]
    units = {each.partition(" ")[2] for each in known}
    if len(units) != 1 or " " in (unit := units.pop()):
        return "/".join(texts) if known else "-"
    return f"{'/'.join(each.partition(' ')[0] for each in texts)} {unit}"
