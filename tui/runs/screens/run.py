"""One recorded run: its charts, its final figures, and the path of its log."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.checklist.widgets.item_lines import one_line
from tui.core.actions import without_offers
from tui.core.failure import Failure, or_failure
from tui.core.plain_text import plain
from tui.migration.model.call.script import Script
from tui.migration.model.ending.outcome import home
from tui.migration.model.timeline import LOST
from tui.migration.screens.chart_page import CHART_BINDINGS, ChartPage
from tui.migration.screens.virsh import VirshDialog
from tui.migration.widgets.board import Board
from tui.migration.widgets.summary import LABEL, outcome_lines
from tui.runs.backend.reading import OpenRun
from tui.runs.backend.runs import Runs
from tui.runs.model.run import Run
from tui.runs.model.run_forecast import rows, table
from tui.runs.screens.details import RunDetails
from tui.runs.screens.export import ExportDialog
from tui.runs.screens.messages import RunMessages
from tui.runs.screens.replay import ReplayPage
from tui.runs.widgets.words import heading
from tui.ui.lines import Lines

ROOM_FOR_TABLE = 32  # rows of the screen; with fewer, a line has the forecast


class RunPage(ChartPage):
    """Opens the log when it is shown; Esc returns to the list."""

    page = "runs"
    CSS_PATH = "run.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (16, "-normal"), (24, "-high")]
    HELP = "One recorded run. The charts are drawn from its raw log, which has everything that libvirt reported."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "replay", "replay", tooltip="Show the Migrate page as it was at any moment of the run",
                id="run.replay"),
        Binding("i", "details", "details", tooltip="All options, versions and figures, and the table of passes",
                id="run.details"),
        Binding("l", "messages", "log", id="run.messages",
                tooltip="The raw text: libvirt's message, QEMU's log of both hosts, what AppArmor or SELinux refused"),
        Binding("h", "result", "figures", show=False, tooltip="Hide the figures, so that more charts have room, or "
                "show them", id="run.result"),
        Binding("e", "export", "export", tooltip="Write this run to a file: its picture, its samples, its figures",
                id="run.export"),
        Binding("y", "virsh", "virsh", tooltip="Copy as virsh: the commands that do what this run did", id="run.virsh"),
        Binding("escape,backspace", "back", "back", key_display="esc", tooltip="Back to the list", id="run.back"),
        *CHART_BINDINGS,
    ]  # fmt: skip

    def __init__(self, runs: Runs, run: Run) -> None:
        super().__init__()
        self._room = runs
        self._run = run
        self._opened: OpenRun | None = None
        self._script: Script | Failure | None = None
        self._what, self._figures, self._charts = Lines(id="what"), Lines(id="figures"), Board(id="charts")

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The log has the text that the Migrate page has, under a key of this page."""
        keys = super()._keys
        return keys | {"migrate.log": keys["run.messages"]}

    @property
    def run_folder(self) -> Path:
        return self._run.folder

    def to_copy(self) -> str:
        """The folder of the run, and its figures."""
        return f"{self._run.folder}\n{self._figures.text}"

    def body(self) -> ComposeResult:
        yield self._what
        yield self._figures
        yield self._charts

    def on_mount(self) -> None:
        self._what.show(heading(self._run))
        self._figures.show(Content.styled(" reading its log ...", "dim"))
        self._open()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @work(name="open")
    async def _open(self) -> None:
        try:
            opened = await self._room.open(self._run)
        except Failure as failure:
            problem = plain(f"{self._run.problem} {failure}".strip())
            lines = Content.styled(problem, "bold $error").wrap(max(10, self.size.width - 2))
            self._figures.show(*(Content.assemble(" ", line) for line in lines))
            self._charts.display = False
            return
        self._script = await or_failure(self._room.script(opened))
        self._opened = opened
        self.refresh_bindings()
        self._show()

    def _show(self) -> None:
        opened, width = self._opened, self.size.width - 2
        if opened is None:
            return
        timeline, lines = opened.timeline, list[Content]()
        for text in (self._run.problem, opened.problem):
            lines += Content.styled(plain(text), "bold $warning").wrap(max(10, width)) if text else []
        lines += Content.styled(one_line(self._run.imported), "dim").wrap(max(10, width)) if self._run.imported else []
        if timeline.over:
            unknown = bool(self._run.imported) and timeline.phase == LOST
            word = "not in the log" if unknown else timeline.phase
            lines.append(Content.assemble(f"{'outcome':<{LABEL}}", (word, "bold")))
            ended = outcome_lines(timeline, self._run.folder, self._run.origin, width, self._past)
            if compared := self._forecast_table(width):
                ended = tuple(_without(ended, "forecast"))
            # without its path, which is shown below, and the next steps, which were for the moment of the end
            lines += takewhile(lambda line: not line.plain.startswith("recorded in"), ended)
            lines += compared
        where = Content(f"{plain(home(opened.raw))}, {opened.records:,} records").wrap(max(10, width - LABEL))
        lines += [Content.assemble(f"{'' if n else 'raw log':<{LABEL}}", line) for n, line in enumerate(where)]
        self._figures.show(*(Content.assemble(" ", line) for line in lines))
        self._arrange()
        self._charts.show(timeline)

    def _past(self, sentence: str) -> str:
        return self.with_keys(without_offers(sentence, self._keys))

    def _forecast_table(self, width: int) -> list[Content]:
        """The forecast and the outcome, where the charts keep enough room beside it."""
        if self._run.forecast is None or self.size.height < ROOM_FOR_TABLE:
            return []
        lines = table(rows(self._run.forecast, self._run.total_s, self._run.downtime_s))
        return [Content(f"{'' if n else 'forecast':<{LABEL}}{line}"[:width]) for n, line in enumerate(lines)]

    def why_not(self, action: str) -> str:
        """Only a log that is open has details, a replay and a picture."""
        return "" if action == "back" or self._opened is not None else "The log of this run is not open."

    @property
    def _has_charts(self) -> bool:
        return self._opened is not None

    @property
    def _has_result(self) -> bool:
        return not self.has_class("figureless")

    def action_result(self) -> None:
        """Hide or show the figures."""
        if self._opened is not None:
            self.toggle_class("figureless")
            self._show()

    def action_replay(self) -> None:
        """Replay the run from its beginning."""
        if self._opened is not None:
            self.app.push_screen(ReplayPage(self._room, self._opened))

    def action_details(self) -> None:
        """Show all facts, the passes and the events."""
        if self._opened is not None:
            script = None if isinstance(self._script, Failure) else self._script
            self.app.push_screen(RunDetails(self._room, self._opened, script))

    def action_virsh(self) -> None:
        """Copy what the mouse has selected, else what libvirt was called with as virsh."""
        if self.copies_selection():
            return
        if isinstance(self._script, Failure):
            self.explain(str(self._script))
        elif self._script is not None:
            self.app.push_screen(VirshDialog(self._script))

    def action_messages(self) -> None:
        """Show what libvirt, QEMU and the kernels wrote."""
        if self._opened is not None:
            self.app.push_screen(RunMessages(self._opened))

    def action_export(self) -> None:
        """Write the run to a file."""
        if self._opened is not None:
            self.app.push_screen(ExportDialog([self._run], "1 run: the one that is open."))

    def action_back(self) -> None:
        """Show the whole run again, then return to the list."""
        if not self.undo_view():
            self.dismiss()


def _without(lines: Iterable[Content], label: str) -> Iterator[Content]:
    """The lines without those of a label: its own and the ones without a label that follow it."""
    left_out = False
    for line in lines:
        begins = not line.plain.startswith(" ")
        left_out = line.plain.startswith(label) if begins else left_out
        if not left_out:
            yield line
