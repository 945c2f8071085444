"""The Study page: start a study, follow it, stop and continue it, and look at its runs."""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets.option_list import Option

from tui.core.failure import Failure
from tui.core.limit import within
from tui.study.backend.access import Shown, StudyAccess
from tui.study.model.run_row import run_cells
from tui.study.model.status import OVER, STOPPING
from tui.study.screens.earlier import EarlierStudies
from tui.study.screens.layout import StudyLayout
from tui.study.screens.new import NewStudy
from tui.study.widgets import EndedRuns, RunLines, about_lines, head_lines, intro_lines, trouble_lines
from tui.ui.error_report import WATCH
from tui.ui.filtered import ALL_LINES, Filtered
from tui.ui.question import Answer, Question
from tui.ui.text_dialog import has_words

EVERY_S, IDLE_EVERY_S = 1.0, 5.0  # between two readings: while a study is under way, and otherwise
REPLY_LIMIT_S = 10.0  # after which the runner is asked again
STALE_S = 8.0  # without a reply, after which the page says how old it is
MOST_LISTED = 500  # runs: to replace thousands of lines would delay the keys
NO_REPLY = "The background process has not replied to the start yet. If the study begins, this page shows it."


def local_now() -> datetime:
    """The time, as the clock on the wall has it."""
    return datetime.now().astimezone()


class StudyPage(Filtered, StudyLayout):
    """Shows the study under way, else the newest, or one that was chosen; the app opens runs and other pages."""

    page = "study"
    AUTO_FOCUS = "#list"
    CSS_PATH = "page.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-normal")]
    HELP = (
        "A study runs in the background process. The table has the workloads in rows and the techniques in columns: "
        "the runs done and planned, the medians of total time and downtime, there/back; > marks the setting that runs "
        "now. Below it are the runs that have ended, the newest first. >45.0 s is a time of more than 45.0 s."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "new study", tooltip="Start a study: choose a plan, see what it does", id="study.new"),
        Binding("x", "stop", "stop it", tooltip="Stop the study, after a confirmation", id="study.stop"),
        Binding("r", "resume", "resume", tooltip="Continue the study; what is done is not repeated", id="study.resume"),
        Binding("f", "follow", "follow", tooltip="Show its migration on the Migrate page", id="study.follow"),
        Binding("o", "runs", "runs", tooltip="Show its runs on the Runs page", id="study.runs"),
        Binding("e", "earlier", "earlier", tooltip="List all studies, and show another one", id="study.earlier"),
        Binding("slash", "filter", "filter", key_display="/", show=False, tooltip="Show some runs", id="study.filter"),
        ALL_LINES,
        Binding("escape", "newest", "back", tooltip="Back to the study under way, or the newest", id="study.newest"),
    ]

    CHANGES = frozenset({"new", "stop", "resume"})

    class RunOpened(Message):
        """A run was chosen, by its folder."""

        def __init__(self, folder: Path) -> None:
            super().__init__()
            self.folder = folder

    class RunsRequested(Message):
        """The runs of a study were requested, by its id."""

        def __init__(self, study: str) -> None:
            super().__init__()
            self.study = study

    class MigrationRequested(Message):
        """The migration under way was requested, by the name of its run."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    def __init__(self, access: StudyAccess) -> None:
        super().__init__(access)
        self._chosen = ""  # the id of an earlier study, "" for the one under way or the newest
        self._shown: Shown | None = None
        self._listed: Shown | None = None  # whose runs the list has
        self._lines: RunLines | None = None  # of the list
        self._runs: Sequence[Mapping[str, Any]] = ()  # those of the list
        self._read_at: float | None = None
        self._watched_from: float | None = None  # since when the page is in front
        self._failure = ""  # of the last reading
        self._again = asyncio.Event()

    def to_copy(self) -> str:
        """The id of the study, which is the name of its folder."""
        return str(self._shown.status.get("id", "")) if self._shown is not None else ""

    def on_mount(self) -> None:
        self._show()
        self.every_second(self._show_trouble)

    def on_screen_resume(self) -> None:
        self._watched_from = monotonic()
        self._watch()

    def on_screen_suspend(self) -> None:
        """Stop reading; the study continues."""
        self._watched_from = None
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        self._lines = None  # they fit the width before; the chosen run stays chosen
        super().on_resize()

    # -- reading --

    @work(group=WATCH, exclusive=True)
    async def _watch(self) -> None:
        """Read the status again and again while the page is shown."""
        while self._watched_from is not None:
            self._again.clear()
            await self._read()
            try:
                await within(EVERY_S if self._under_way else IDLE_EVERY_S, self._again.wait())
            except asyncio.TimeoutError:
                continue

    async def _read(self) -> None:
        chosen = self._chosen
        try:
            found = await within(REPLY_LIMIT_S, self._access.read(chosen, self._shown))
        except asyncio.TimeoutError:
            self._failure = ""  # the age says it
        except Failure as failure:
            self._failure = str(failure)
        else:
            if chosen != self._chosen:
                return  # another one was chosen meanwhile
            self._shown, self._read_at, self._failure = found, monotonic(), ""
            self._show()
            self.refresh_bindings()
        self._show_trouble()

    @property
    def _under_way(self) -> bool:
        return self._shown is not None and self._shown.status["state"] not in OVER

    # -- showing --

    def _show(self) -> None:
        shown, width = self._shown, self.size.width
        self.set_class(shown is None, "empty")
        if shown is None:
            self._head.show(*intro_lines(width, self.with_keys, read=self._read_at is not None))
            return
        head = head_lines(shown.status, width, local_now(), self.with_keys)
        self._head.show(*head)
        self._show_results(shown.status, len(head))
        self._show_runs(shown)

    def _show_runs(self, shown: Shown) -> None:
        """Replace the lines of the runs if there are others; the chosen one stays chosen, except the newest."""
        before = self._listed
        same_study = before is not None and before.status["id"] == shown.status["id"]
        if self._lines is not None and before is not None and same_study and before.runs == shown.runs:
            self._listed = shown
            self._show_chosen()
            return
        run, at = self._chosen_run, self._list.highlighted
        self._listed = shown
        found = [each for each in shown.runs[::-1] if has_words(" ".join(run_cells(each).values()), self.filter_words)]
        self._runs = newest_first = found[:MOST_LISTED]
        self._lines = lines = RunLines(newest_first, self._list_width - 1)  # the last column is kept for the scroll bar
        self._columns.show(lines.header)
        self._list.clear_options()
        self._list.add_options([Option(lines.line(number)) for number in range(len(newest_first))])
        if len(found) > MOST_LISTED:
            earlier = len(found) - MOST_LISTED
            self._list.add_option(Option(f"  {earlier} earlier ones are on the Runs page", disabled=True))
        same = next((n for n, each in enumerate(newest_first) if run and each["number"] == run["number"]), 0)
        self._list.highlighted = (same if at else 0) if newest_first else None
        self._show_chosen()

    @property
    def _chosen_run(self) -> Mapping[str, Any] | None:
        at = self._list.highlighted
        return self._runs[at] if at is not None and at < len(self._runs) else None

    def _show_chosen(self) -> None:
        runs = self._listed.runs if self._listed else ()
        unsent = self._listed is not None and self._listed.status["done"] > len(runs)
        run, at = self._chosen_run, self._list.highlighted
        setting = self._lines.cut_setting(at) if self._lines and run is not None and at is not None else ""
        words = EndedRuns.found_lines(len(self._runs), len(runs), self.filter_words)
        lines = about_lines(run, runs, self._list_width, setting=setting, unsent=unsent)
        self._about.show(*words, *(lines if run is not None or not words else ()))

    def _show_trouble(self) -> None:
        """Say that what is shown is old, or why nothing could be read."""
        if self._watched_from is None:
            return
        now, failure = monotonic(), self.with_keys(self._failure)
        late = now - max(self._watched_from, self._read_at or 0.0) >= STALE_S
        age_s = now - self._read_at if late and self._read_at is not None else None
        self._trouble.show(*trouble_lines(age_s, failure, self.size.width, late=late))

    def on_option_list_option_highlighted(self) -> None:
        self._show_chosen()
        self.refresh_bindings()

    def on_option_list_option_selected(self) -> None:
        """Open the chosen run, if a migration was started in it."""
        run = self._chosen_run
        if run is not None and run["run"]:
            self.post_message(self.RunOpened(Path(run["run"])))
        elif run is not None:
            self.explain(f"No migration was started in this run: {run['why']}")

    # -- keys --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the way back unless another study was chosen."""
        if action == "newest" and not self._chosen:
            return False
        return super().check_action(action, parameters)

    def why_not(self, action: str) -> str:
        """Most keys need a study, some one that is under way, or one that is not."""
        shown = self._shown
        if action in ("new", "earlier", "newest"):
            return "A study is under way: wait for its end, or stop it." if action == "new" and self._under_way else ""
        if shown is None:
            return "There is no study yet."
        state = shown.status["state"]
        if action == "stop":
            return "It stops already." if state == STOPPING else "No study is under way." * (state in OVER)
        if action == "resume":
            complete = shown.status["done"] >= shown.status["total"]
            return "It is under way." if state not in OVER else "The study is complete." * complete
        if action == "follow":
            return "" if shown.status.get("migration") else "No migration of the study is under way."
        return ""

    def action_new(self) -> None:
        """Choose a plan, see what it does, and start it."""
        self.app.push_screen(NewStudy(self._access), self._started)

    def _started(self, start: "asyncio.Future[None] | None") -> None:
        if start is None:
            return
        self.action_newest()
        if not start.done():
            self.explain(NO_REPLY)
            self._request(start)

    def filter_changed(self) -> None:
        """List the runs that have the words."""
        self._lines = None
        self._show()

    def action_newest(self) -> None:
        """Show the study under way, else the newest."""
        self._choose("")

    def action_earlier(self) -> None:
        """List all studies, and show the chosen one."""

        def answered(study: str | None) -> None:
            if study is not None:
                self._choose(study)

        self.app.push_screen(EarlierStudies(self._access), answered)

    def _choose(self, study: str) -> None:
        self._chosen = study
        self.refresh_bindings()
        self._watch()  # a reading of the one before is of no use

    def action_stop(self) -> None:
        """Stop the study after a confirmation."""
        shown = self._shown
        if shown is None:
            return
        text = (
            "A migration under way is measured to its end first. What is done stays; "
            "resuming continues with the runs that are left then."
        )

        def answered(key: str | None) -> None:
            if key == "y":
                self._request(self._access.stop())

        answers = [Answer("y", "stop it"), Answer("n", "let it continue")]
        self.app.push_screen(Question(f"Stop the study {shown.status['name']}?", text, answers), answered)

    def action_resume(self) -> None:
        """Continue the study that is shown."""
        if self._shown is not None:
            self._request(self._access.resume(self._shown.status["id"]))

    @work(name="request")
    async def _request(self, request: Awaitable[None]) -> None:
        try:
            await request
        except Failure as failure:
            self.explain(str(failure))
        self._again.set()

    def action_follow(self) -> None:
        """Show its migration on the Migrate page."""
        migration = self._shown.status.get("migration") if self._shown else None
        if migration:
            self.post_message(self.MigrationRequested(migration["run"]))

    def action_runs(self) -> None:
        """Show its runs on the Runs page."""
        if self._shown is not None:
            self.post_message(self.RunsRequested(self._shown.status["id"]))
