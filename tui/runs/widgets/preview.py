"""The run under the cursor beside the table: how it ended, its figures, and its charts once its log is read."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.checklist.widgets.item_lines import one_line
from tui.core.actions import WithKeys
from tui.core.plain_text import plain
from tui.migration.model.timeline import Timeline
from tui.migration.widgets.board import Board
from tui.runs.model.facts import figure_facts
from tui.runs.model.run import BROKEN, Run
from tui.runs.model.run_forecast import rows, table
from tui.runs.widgets.words import STYLES, heading
from tui.ui.lines import Lines

LABEL = 15  # columns of a label
READING = "reading its log ..."
LESS = ("setup", "forecast from", "memory", "samples")  # figures that only the details of an opened run have


class RunPreview(Vertical):
    """Empty until a run is shown; the charts of another run are hidden until those of the new one are known."""

    DEFAULT_CSS = """
    RunPreview > #preview-what { height: 1; text-wrap: nowrap; }
    RunPreview > #preview-figures { height: auto; max-height: 55%; }
    RunPreview > #preview-log { height: auto; margin-top: 1; }
    RunPreview > Board { height: 1fr; display: none; margin-top: 1; }
    RunPreview.drawn > Board { display: block; }
    """

    def __init__(self, with_keys: WithKeys, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_keys = with_keys
        self._run: Run | None = None
        self._log = ("", "")  # what is said of the log, and the style of that
        self._board = Board(id="preview-charts")

    def compose(self) -> ComposeResult:
        """The heading, the figures, what is said of the log, and the charts."""
        yield Lines(id="preview-what")
        yield Lines(id="preview-figures")
        yield Lines(id="preview-log")
        yield self._board

    def on_resize(self) -> None:
        self._draw()

    def show_run(self, run: Run | None) -> None:
        """Show what is known of a run without its log, at once; nothing for None."""
        same = run is not None and self._run is not None and run.folder == self._run.folder
        self._run = run
        if not same:
            self.remove_class("drawn")
            self._log = (READING, "dim") if run is not None else ("", "")
        self._draw()

    def show_log(self, timeline: Timeline, problem: str) -> None:
        """Show the charts of the run, and what of its log could not be read."""
        self._log = problem, "bold $warning"
        self._draw()
        self._board.show(timeline)  # before it is visible, because it has the charts of the run before
        self.add_class("drawn")

    def show_failure(self, sentence: str) -> None:
        """Show why there are no charts."""
        self._log = sentence, "bold $error"
        self.remove_class("drawn")
        self._draw()

    def _draw(self) -> None:
        width = self.size.width - 2
        if width <= 0:
            return
        run, (said, style) = self._run, self._log
        what, figures, log = (self.query_one(f"#preview-{name}", Lines) for name in ("what", "figures", "log"))
        what.show(*([heading(run)] if run is not None else []))
        figures.show(*(Content.assemble(" ", line) for line in (_lines(run, width, self._with_keys) if run else ())))
        log.display = bool(said)
        log.show(*(Content.assemble(" ", line) for line in Content.styled(plain(said), style).wrap(max(10, width))))


def _lines(run: Run, width: int, with_keys: WithKeys) -> Iterator[Content]:
    """How it ended in a sentence, then its figures, each with its label, and the forecast beside the outcome."""
    style, sentence = STYLES.get(run.outcome, ""), run.problem or run.error or run.verified
    yield from _wrapped("outcome", ": ".join(filter(None, (run.outcome, sentence))), f"bold {style}", width)
    if run.advice:
        yield from _wrapped("to do", with_keys(run.advice), "$warning", width)
    if run.outcome == BROKEN:
        return
    for label, text in figure_facts(run):
        if label in LESS:
            continue
        yield from _wrapped(label, with_keys(text), "", width)
    if run.forecast is not None:
        for number, line in enumerate(table(rows(run.forecast, run.total_s, run.downtime_s))):
            yield Content.assemble((f"{'' if number else 'forecast':<{LABEL}}", "dim"), line)


def _wrapped(label: str, text: str, style: str, width: int) -> Iterator[Content]:
    for number, line in enumerate(Content.styled(one_line(text), style).wrap(max(10, width - LABEL))):
        yield Content.assemble((f"{'' if number else one_line(label):<{LABEL}}", "dim"), line)
