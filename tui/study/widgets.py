"""How a study looks: its head, its table of workloads and techniques, its runs, and the page without a study."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList

from tui.checklist.widgets.item_lines import cut, one_line
from tui.core import actions
from tui.core.plain_text import plain
from tui.core.quantity import clock
from tui.study.model.earlier import Earlier
from tui.study.model.matrix import LEGEND, Matrix, Place
from tui.study.model.progress import DONE_CANCELLED, DONE_CENSORED, DONE_FAILED, DONE_OK
from tui.study.model.run_row import COLUMNS, RIGHT, run_cells
from tui.study.model.status import (
    DAMAGED,
    FINISHED,
    INTERRUPTED,
    OVER,
    RUNNING,
    STOPPED,
    STOPPING,
    WAITING,
    counts_line,
    left_line,
    now_line,
    state_sentence,
)

STATES = {
    RUNNING: "$success", WAITING: "$warning", STOPPING: "$warning", STOPPED: "$warning", INTERRUPTED: "$warning",
    FINISHED: "$success", DAMAGED: "$error",
}  # fmt: skip
RESULTS = {DONE_OK: "$success", DONE_CENSORED: "$warning", DONE_CANCELLED: "$warning", DONE_FAILED: "$error"}
GAP = 2
RESULTS_TITLE = Content.styled(" Results", "bold $accent")  # the title of the table beside the list
PLAN_LABEL = 13  # columns of the label of a fact
LEAST_WHY = 12  # columns below which a reason is only shown for the chosen run
WIDEST = {"setting": 40}  # columns that are cut first
ABOUT = (
    "A study is a whole experiment: each workload with each technique and option, several times, there and back, "
    "measured and recorded. It runs in the background process, so the terminal may be closed."
)


def head_lines(
    status: Mapping[str, Any], width: int, now: datetime, with_keys: actions.WithKeys
) -> tuple[Content, ...]:
    """The name and state, the bar, the counts with the time that is left, and what happens now."""
    state = str(status["state"])
    first = Content.assemble((one_line(status["name"]), "bold"), "  ", (state, f"bold {STATES.get(state, '')}"))
    texts = [counts_line(status), left_line(status, now)]
    sentence, style = (_over_sentence(status, with_keys), "bold") if state in OVER else (f"Now: {now_line(status)}", "")
    lines = [first, _bar(status, width - 2)]
    for text, each in (("; ".join(filter(None, texts)), ""), (sentence, style)):
        lines += Content.styled(one_line(text), each).wrap(max(10, width - 2))
    return tuple(Content.assemble(" ", line) for line in lines)


def _over_sentence(status: Mapping[str, Any], with_keys: actions.WithKeys) -> str:
    sentence = state_sentence(status)
    return sentence if status["state"] == FINISHED else with_keys(f"{sentence} {actions.RESUME_STUDY} continues it.")


def _bar(status: Mapping[str, Any], width: int) -> Content:
    done, total = int(status["done"]), max(1, int(status["total"]))
    percent = f" {done * 100 // total:>3} %"
    room = max(1, width - len(percent))
    filled = room * done // total
    return Content.assemble(("━" * filled, "$accent"), ("─" * (room - filled), "dim"), percent)


def trouble_lines(age_s: float | None, failure: str, width: int, *, late: bool) -> tuple[Content, ...]:
    """Why what is shown may be old: `late` if a reply is overdue; `age_s` is None if nothing is old."""
    parts = [plain(failure)] if failure else ["The background process does not reply."] * late
    parts += [f"What is shown is {clock(age_s)} old."] if age_s is not None else []
    if not parts:
        return ()
    text = " ".join(parts)
    lines = Content.styled(one_line(text), "bold $error").wrap(max(10, width - 2))
    return tuple(Content.assemble(" ", line) for line in lines)


# -- the table of workloads and techniques --


def matrix_lines(matrix: Matrix, width: int) -> tuple[Content, ...]:
    """The table; techniques that do not fit the width are in further tables below it. > marks what runs now."""
    if not matrix.cells:
        return ()
    label = min(max(map(cell_len, matrix.rows)), max(8, width // 3))
    lines, columns = [Content.styled(f" {LEGEND}", "dim")], list(matrix.columns)
    while columns:
        taken, used = list[tuple[str, int]](), 1 + label
        for name in columns:
            wide = max(cell_len(name), *(cell_len(_place(matrix, row, name).text) for row in matrix.rows))
            if taken and used + GAP + wide > width - 1:
                break
            taken.append((name, wide))
            used += GAP + wide
        lines += _block(matrix, taken, label)
        columns = columns[len(taken) :]
    return tuple(lines)


def _block(matrix: Matrix, columns: Sequence[tuple[str, int]], label: int) -> list[Content]:
    head = "".join(f"{' ' * GAP}{cut(one_line(name), wide)}" for name, wide in columns)
    lines = [Content.styled(" " * (1 + label) + head, "bold")]
    for row in matrix.rows:
        parts: list[tuple[str, str]] = [(f" {cut(one_line(row), label)}", "")]
        for name, wide in columns:
            place = _place(matrix, row, name)
            style = "bold $accent" if place.is_now else "$error" if place.has_failed else ""
            parts.append((f" {'>' if place.is_now else ' '}{cut(place.text, wide)}", style))
        lines.append(Content.assemble(*parts))
    return lines


def _place(matrix: Matrix, row: str, column: str) -> Place:
    return matrix.cells.get((row, column), Place(""))


def plan_lines(facts: Sequence[tuple[str, str]], width: int) -> tuple[Content, ...]:
    """The plan of a study below its title, each fact with its label."""
    lines = [Content.styled(" Plan", "bold $accent")]
    for label, text in facts:
        for number, line in enumerate(Content(one_line(text)).wrap(max(10, width - PLAN_LABEL - 2))):
            lines.append(Content.assemble((f" {'' if number else label:<{PLAN_LABEL}}", "dim"), line))
    return tuple(lines)


def failure_lines(sentence: str, width: int) -> tuple[Content, ...]:
    """Why the plan can't be shown."""
    lines = Content.styled(one_line(sentence), "bold $error").wrap(max(10, width - 2))
    return tuple(Content.assemble(" ", line) for line in lines)


# -- the runs --


class EndedRuns(OptionList):
    """A list whose Enter is in the line of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "open", key_display="enter", tooltip="Open the chosen run", id="study.open"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Hide the key where there is nothing to open."""
        return action != "select" or self.highlighted is not None

    @staticmethod
    def found_lines(found: int, total: int, words: str) -> tuple[Content, ...]:
        """How many of the runs have the words of the filter, if there are any."""
        return (Content.styled(f' {found} of {total} runs have "{words}".', "bold"),) if words else ()


class RunLines:
    """The ended runs as lines of a width, in the order they are given."""

    def __init__(self, runs: Sequence[Mapping[str, Any]], width: int) -> None:
        self._cells = [{name: one_line(text) for name, text in run_cells(run).items()} for run in runs]
        self._results = [str(run["result"]) for run in runs]
        self._widths: dict[str, int] = {}
        self._width = room = width
        for name in COLUMNS[:-1]:
            widest = max((cell_len(cells[name]) for cells in self._cells), default=0)
            self._widths[name] = max(len(name), min(widest, WIDEST.get(name, widest)))
        room -= sum(GAP + wide for wide in self._widths.values())
        if room < 0:  # the name of the setting is cut
            self._widths["setting"] = max(8, self._widths["setting"] + room)
        self._why = room - GAP if room - GAP >= LEAST_WHY else 0

    def cut_setting(self, number: int) -> str:
        """The setting of a run if its line does not have room for all of it, else empty."""
        setting = self._cells[number]["setting"]
        return setting if cell_len(setting) > self._widths["setting"] else ""

    @property
    def header(self) -> Content:
        """The names of the columns."""
        parts = [self._aligned(name, name) for name in self._widths]
        has_why = self._why and any(cells["why"] for cells in self._cells)
        return Content.styled("".join([*parts, f"{' ' * GAP}why" if has_why else ""]), "bold")

    def line(self, number: int) -> Content:
        """One run."""
        cells, parts = self._cells[number], list[tuple[str, str]]()
        for name in self._widths:
            style = RESULTS.get(self._results[number], "") if name == "result" else ""
            parts.append((self._aligned(name, cells[name]), style))
        if self._why and cells["why"]:
            parts.append((f"{' ' * GAP}{cut(cells['why'], self._why)}", ""))
        line = Content.assemble(*parts)
        return line.truncate(self._width, ellipsis=True) if line.cell_length > self._width else line

    def _aligned(self, name: str, text: str) -> str:
        wide = self._widths[name]
        fitted = " " * (wide - cell_len(text)) + text if name in RIGHT and cell_len(text) <= wide else cut(text, wide)
        return " " * GAP + fitted


def about_lines(
    run: Mapping[str, Any] | None,
    runs: Sequence[Mapping[str, Any]],
    width: int,
    *,
    setting: str = "",
    unsent: bool = False,
) -> tuple[Content, ...]:
    """Below the table: the folder of the chosen run, and why it, or else the last one of all, has failed.

    `setting` is that of the run if its line has cut it; `unsent` is whether the runner has not sent its runs.
    """
    if run is None:
        text = "The background process is of an earlier version, which does not send the runs." if unsent else ""
        return (Content.styled(f" {text or 'No run has ended yet.'}", "dim"),)
    folder = str(run["run"]) or "No migration was started in this run."
    why, failed = str(run["why"]), next((each for each in reversed(runs) if each["result"] == DONE_FAILED), None)
    if not why and failed is not None:
        why, run = f"Run {failed['number']} failed: {failed['why']}", failed
    texts = [(setting, "bold"), (folder, ""), (why, RESULTS.get(str(run["result"]), ""))]
    parts = [Content.styled(one_line(text), style) for text, style in texts if text]
    return tuple(Content.assemble(" ", line) for part in parts for line in part.wrap(max(10, width - 2)))


# -- without a study, and earlier ones --


def intro_lines(width: int, with_keys: actions.WithKeys, *, read: bool) -> tuple[Content, ...]:
    """The page without a study: what one is, and how to start one. `read` is whether the runner has replied."""
    start, lines = with_keys(actions.NEW_STUDY), [Content("")]
    lines.append(Content.styled("No study has been made yet." if read else "Reading the studies ...", "bold"))
    lines += [Content(""), *Content(ABOUT).wrap(max(10, width - 2)), Content("")]
    for key, text in (
        (start, "start one: choose a plan, see what it does and how long it takes, then Enter starts it."),
        ("", "vmlm-tui study FILE does the same in a terminal; docs/study.md describes the file."),
    ):
        wrapped = Content(text).wrap(max(10, width - 8))
        lines += [Content.assemble((f"{'' if n else key:<5}", "bold $accent"), part) for n, part in enumerate(wrapped)]
    return tuple(Content.assemble(" ", line) for line in lines)


def earlier_line(study: Earlier) -> Content:
    """One study in the list of all."""
    began = study.began.astimezone().strftime("%Y-%m-%d %H:%M") if study.began else f"{'-':<16}"
    counts = f"{study.done} of {study.total}" if study.total else "-"
    state = (f"{study.state:<11}", STATES.get(study.state, ""))
    name = one_line(study.name)
    return Content.assemble(
        " ", began, "  ", state, "  ", f"{counts:>12}", "  ", (name, "bold"), "  ", one_line(study.why)
    )
