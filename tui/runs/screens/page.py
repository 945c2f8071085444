"""The Runs page: the recorded migrations in a table that is sorted, filtered and annotated; Enter opens one."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets.option_list import Option

from tui.core.actions import MARK
from tui.core.failure import Failure
from tui.core.limit import within
from tui.runs.backend.runs import Runs
from tui.runs.model.annotation import Annotation
from tui.runs.model.difference import FEWEST_COMPARED, MOST_COMPARED
from tui.runs.model.filter import parse_filter
from tui.runs.model.findings import counted
from tui.runs.model.run import Run
from tui.runs.model.table import ordered
from tui.runs.model.view import BY_NAME
from tui.runs.screens.columns import KEYS, NEED_NO_RUN
from tui.runs.screens.compare import ComparePage
from tui.runs.screens.deletion import DeleteRuns
from tui.runs.screens.export import ExportDialog
from tui.runs.screens.previewed import PreviewedPage
from tui.runs.screens.run import RunPage
from tui.runs.widgets.table import RunTable
from tui.runs.widgets.words import about_lines
from tui.ui.error_report import WATCH
from tui.ui.filtered import ALL_LINES, Filtered
from tui.ui.text_dialog import TextDialog

AGAIN_AFTER_S = 5.0
CHANGES_NOTES = frozenset({"note", "tags", "exclude"})
FILTER = (
    "Words that a run must have, such as: vm:guest1 outcome:failed since:2026-11-01. There are also workload:, "
    "technique:, tag:, study:, queue:, is:excluded and any text. A hyphen before a word inverts it. No words: all runs."
)
Change = Callable[[Annotation], Annotation]


class RunsPage(Filtered, PreviewedPage):
    """The table of runs, the lines about the chosen one, and its preview."""

    page = "runs"
    CSS_PATH = "page.tcss"
    HELP = (
        "Each migration is recorded: its raw log, the same statistics as text of virsh domjobinfo, and a summary. If a "
        "run has no end or can't be read, the reason is below the table. The columns and the order of the runs are "
        'kept for the next start. Techniques: "post 25 s" is post-copy after 25 s, "post hand" by a key; "+ac" is '
        'auto-converge, "x4" four connections, "<=" a limit of the bandwidth or of the downtime. '
        "From 160 columns on, the run under the cursor is beside the table, with its charts."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", key_display="enter", priority=True, tooltip="Open the chosen run", id="runs.open"
        ),
        Binding("slash", "filter", "filter", key_display="/", tooltip="Show only some runs", id="runs.filter"),
        *KEYS,
        Binding("space", "mark", "mark", tooltip="Mark the run, for what acts on several", id="runs.mark"),
        ALL_LINES,
        Binding("escape", "unmark", "unmark", show=False, key_display="esc", tooltip="Unmark all", id="runs.unmark"),
        Binding("o", "compare", "compare", tooltip="Compare the marked runs: curves and figures", id="runs.compare"),
        Binding(
            "e",
            "export",
            "export",
            tooltip="Write the marked runs, else the shown ones, to a file; or a report, or the picture of one run",
            id="runs.export",
        ),
        Binding("N", "note", "note", tooltip="Write a note on the run", id="runs.note"),
        Binding("t", "tags", "tags", tooltip="Change the tags of the run", id="runs.tags"),
        Binding("x", "exclude", "exclude", tooltip="Leave the run out of statistics, or not", id="runs.exclude"),
        Binding("D", "delete", "delete", tooltip="Delete the marked runs, else the chosen one", id="runs.delete"),
        Binding("r", "read", "read again", show=False, tooltip="List the runs again now", id="runs.read"),
    ]

    FILTER_ABOUT = FILTER
    CHANGES = CHANGES_NOTES | {"delete"}

    def __init__(self, runs: Runs, words: str = "") -> None:
        super().__init__(runs)
        self._all: Sequence[Run] | None = None
        self._failure = ""  # why the runs could not be listed
        self._filter, self.filter_words = parse_filter(words), words
        self._marked: set[Path] = set()
        self._again = asyncio.Event()

    def on_screen_resume(self) -> None:
        self._watch()

    def on_screen_suspend(self) -> None:
        self.workers.cancel_group(self, WATCH)

    @work(group=WATCH, exclusive=True)
    async def _watch(self) -> None:
        """List the runs again and again while the page is shown, because one may be under way."""
        await self._read_view()
        while True:
            self._again.clear()
            before = self._all, self._failure
            try:
                self._all, self._failure = await self._room.list(), ""
            except Failure as failure:
                self._all, self._failure = (), str(failure)
            if (self._all, self._failure) != before:
                self._show()
            else:
                self._read_again()
            try:
                await within(AGAIN_AFTER_S, self._again.wait())
            except asyncio.TimeoutError:
                continue

    # -- the table --

    def _show(self) -> None:
        """Update the table; unchanged lines are not repainted, and the chosen run stays chosen."""
        if self._all is None:
            return
        view = self._view
        runs = ordered(filter(self._filter.matches, self._all), BY_NAME[view.sort], reverse=view.reverse)
        if not self._failure:  # then it is not known which runs are gone
            self._marked &= {run.folder for run in self._all}
        chosen = self._chosen()
        width = self._width - 1  # the last column is kept for the scroll bar
        before, table = self._shown, RunTable(runs, width, view, self._part)
        lines = [table.line(number, self._marked) for number in range(len(runs))]
        self._shown = table
        if before is not None and len(before.runs) == len(runs) == self._table.option_count:
            for number, line in enumerate(lines):
                if not line.is_same(self._line(number)):
                    self._table.replace_option_prompt_at_index(number, line)
        else:
            self._table.clear_options()
            self._table.add_options([Option(line) for line in lines])
        self._columns.show(table.header)
        index = next((n for n, run in enumerate(runs) if chosen and run.folder == chosen.folder), 0)
        self._table.highlighted = index if runs else None
        self._show_chosen()
        self._show_preview()

    def _line(self, number: int) -> Content:
        prompt = self._table.get_option_at_index(number).prompt
        return prompt if isinstance(prompt, Content) else Content(str(prompt))

    def _chosen(self) -> Run | None:
        index, runs = self._table.highlighted, self._shown.runs if self._shown else ()
        return runs[index] if index is not None and index < len(runs) else None

    def to_copy(self) -> str:
        """The folders of the marked runs, else that of the chosen one."""
        chosen = self._chosen()
        return "\n".join(str(run.folder) for run in self._marked_runs() or ([chosen] if chosen else []))

    def _marked_runs(self) -> list[Run]:
        """The marked runs that are shown."""
        return [run for run in (self._shown.runs if self._shown else ()) if run.folder in self._marked]

    def _several(self) -> list[Run]:
        """The marked runs that are shown, else the chosen one."""
        marked, chosen = self._marked_runs(), self._chosen()
        return marked or ([chosen] if chosen else [])

    def _show_chosen(self) -> None:
        run = self._chosen()
        if run is not None:
            self._about.show(self._state(), *about_lines(run, self._width))
        elif self._failure:
            self._show_text(self._failure, "bold $error")
        elif self._all:
            self._show_text(f"No run matches: {self.filter_words}")
        elif self._all is not None:
            self._show_text(f"Nothing has been recorded in {self._room.folder} yet. The Migrate page starts one.")

    def _state(self) -> Content:
        """How many runs there are, the filter, the marks, and the columns that do not fit."""
        shown, every = len(self._shown.runs) if self._shown else 0, len(self._all or ())
        words = [f"{shown} of {every} runs match {self.filter_words}"] if self.filter_words else []
        hidden = len(self._marked - {run.folder for run in self._shown.runs}) if self._shown else 0
        words += [f"{len(self._marked) - hidden} marked"] if self._marked else []
        words += [f"{hidden} marked but hidden: not acted on"] if hidden else []
        others = [] if self.filter_words or not every else ["1 run" if every == 1 else f"{every} runs"]
        others += self._table_state() if shown else []
        return Content.assemble(" ", (", ".join(words), "bold"), ", " if words and others else "", ", ".join(others))

    def _show_text(self, text: str, style: str = "") -> None:
        lines = Content.styled(text, style).wrap(max(10, self._width - 2))
        self._about.show(self._state(), *(Content.assemble(" ", line) for line in lines))

    def on_option_list_option_highlighted(self) -> None:
        self._show_chosen()
        self._show_preview()
        self.refresh_bindings()

    def on_option_list_option_selected(self) -> None:
        self.action_open()

    # -- keys --

    def why_not(self, action: str) -> str:
        """Most keys need a run, and a note that can be read."""
        if action == "preview":
            return super().why_not(action)
        if action in ("read", "filter", "part", *NEED_NO_RUN):
            return ""
        run = self._chosen()
        if run is None:
            return "There is no run here."
        if action == "compare" and not FEWEST_COMPARED <= (count := len(self._marked_runs())) <= MOST_COMPARED:
            marked = f"{count or 'no'} run{' is' if count == 1 else 's are'} marked"
            return f"{MARK} marks a run: {FEWEST_COMPARED} to {MOST_COMPARED} can be compared, {marked}."
        return run.annotation.problem if action in CHANGES_NOTES else ""

    def action_open(self) -> None:
        """Open the chosen run."""
        run = self._chosen()
        if run is not None:
            self.app.push_screen(RunPage(self._room, run))

    def action_read(self) -> None:
        """List the runs again now."""
        self._again.set()

    def check_words(self, words: str) -> object:
        return parse_filter(words)

    def filter_changed(self) -> None:
        """Show the runs that match the words of the filter."""
        self._filter = parse_filter(self.filter_words)
        self._show()

    def action_mark(self) -> None:
        """Mark the chosen run, or not, and go to the next one."""
        run, number = self._chosen(), self._table.highlighted
        if run is not None and number is not None and self._shown is not None:
            self._marked ^= {run.folder}
            self._table.replace_option_prompt_at_index(number, self._shown.line(number, self._marked))
            if number != self._table.option_count - 1:  # it would go to the first one
                self._table.action_cursor_down()
            self._show_chosen()
            self.refresh_bindings()

    def action_unmark(self) -> None:
        """Unmark all runs, also those that the filter hides."""
        self._marked.clear()
        self._show()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the key that unmarks while nothing is marked."""
        return bool(self._marked) if action == "unmark" else super().check_action(action, parameters)

    def action_compare(self) -> None:
        """Compare the marked runs."""
        self.app.push_screen(ComparePage(self._room, self._marked_runs()))

    def action_export(self) -> None:
        """Write the marked runs, else all that are shown, to a file."""
        marked, shown = self._marked_runs(), self._shown.runs if self._shown else ()
        which = (
            f"{counted(len(marked or shown), 'run')}: {'those that are marked' if marked else 'all that are shown'}."
        )
        self.app.push_screen(ExportDialog(marked or shown, which))

    def action_note(self) -> None:
        """Ask for the note on the chosen run."""
        run = self._chosen()
        if run is not None:
            shown = " ".join(run.annotation.note.split("\n"))
            about = "An empty text removes the note."
            change = _unless_same(shown, Annotation.with_note)
            self._ask(f"Note on {run.folder.name}", about, shown, [run], change)

    def action_tags(self) -> None:
        """Ask for the tags of the chosen run."""

        def change(text: str) -> Change:
            words = text.replace(",", " ").split()
            return lambda old: old.with_tags(words, [tag for tag in old.tags if tag not in words])

        run = self._chosen()
        if run is not None:
            text = " ".join(run.annotation.tags)
            self._ask(f"Tags of {run.folder.name}", "Words with a space between them.", text, [run], change)

    def action_exclude(self) -> None:
        """Ask why statistics leave the run out, or let it count again."""
        runs = self._several()
        if not runs:
            return
        title = runs[0].folder.name if len(runs) == 1 else f"{len(runs)} runs"
        about = "Why statistics leave it out; its files stay. An empty text lets it count again."
        reasons = [run.annotation.excluded for run in runs]
        if len(set(reasons)) > 1:
            about = (
                "Why statistics leave them out; their files stay. Their reasons differ: each keeps its own if the text "
                "stays as it is. An empty text lets all count again."
            )
        shown = " ".join(next(filter(None, reasons), "").split("\n"))
        self._ask(f"Exclude {title}", about, shown, runs, _unless_same(shown, Annotation.with_exclusion))

    def _ask(self, title: str, about: str, text: str, runs: Sequence[Run], change: Callable[[str], Change]) -> None:
        """Ask for a text, and change the annotations by it."""

        def check(text: str) -> None:
            change(text)(Annotation())

        def answered(text: str | None) -> None:
            if text is not None:
                self._annotate(runs, change(text))

        self.app.push_screen(TextDialog(title, about, text, check), answered)

    @work(name="annotate")
    async def _annotate(self, runs: Sequence[Run], change: Change) -> None:
        await self._changed(self._room.annotate(runs, change))

    @work(name="delete")
    async def action_delete(self) -> None:
        """Name the folders of the marked runs, and delete them if a person agrees."""
        try:
            found = await self._room.contents(self._several())
        except Failure as failure:
            self.explain(str(failure))
            return
        if found and await self.app.push_screen_wait(DeleteRuns(found)) == "y":
            await self._changed(self._room.delete([each.folder for each in found]))

    async def _changed(self, change: Coroutine[Any, Any, None]) -> None:
        """Wait for the change, and list the runs again."""
        try:
            await change
        except Failure as failure:
            self.explain(str(failure))
        self._again.set()


def _unless_same(shown: str, change: Callable[[Annotation, str], Annotation]) -> Callable[[str], Change]:
    """The change by a text; the shown one changes nothing, because it is one line, and of one run of several."""
    return lambda text: lambda old: old if text == shown else change(old, text)
