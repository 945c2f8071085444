"""The table of many migrations without its keys: the queue and all migrations under way, kept fresh while shown."""

import asyncio
import time

from textual import work
from textual.app import ComposeResult

from tui.core.actions import BRING_BACK, CONTINUE_QUEUE, RUNS_OF_QUEUE
from tui.core.failure import Failure
from tui.core.limit import within
from tui.migration.backend.migrations import Migration, Migrations
from tui.migration.model.verdict import sentence
from tui.queue.backend.access import QueueAccess
from tui.queue.backend.client import Status
from tui.queue.model.move import FEW, Move, move_of, move_of_other, ordered
from tui.queue.model.plan import EVACUATE
from tui.queue.model.status import ENDED, FINISHED, PAUSED
from tui.queue.model.words import entry_words
from tui.queue.widgets.move_lines import MoveTable, head_lines, sentence_lines
from tui.ui.error_report import WATCH
from tui.ui.lines import Lines
from tui.ui.page import Page
from tui.ui.pick_rows import PickRows

EVERY_S, IDLE_EVERY_S = 1.0, 5.0  # between two readings: while a queue is under way, and otherwise
REPLY_LIMIT_S = 10.0  # after which the background process is asked again
STALE_S = 8.0  # without a reply, after which the page says how old it is


class QueueTable(Page):
    """Every second it shows what the records have; the status of the queue is read as often."""

    page = "migrate"
    AUTO_FOCUS = "#moves"
    CSS_PATH = "page.tcss"

    def __init__(self, queues: QueueAccess, migrations: Migrations) -> None:
        super().__init__()
        self._queues = queues
        self._migrations = migrations
        self._marked: set[str] = set()
        self._moves: dict[str, Move] = {}  # by key, in the order of the lines
        self._runs: set[str] = set()  # that were shown and are not of the queue: their end is shown, too
        self._watched_from: float | None = None  # since when the page is in front
        self._failure = ""  # of the last reading
        self._again = asyncio.Event()
        self._head, self._trouble = Lines(id="head"), Lines(id="trouble")
        self._columns, self._about = Lines(id="columns"), Lines(id="about")
        self._rows = PickRows(id="moves")

    def body(self) -> ComposeResult:
        yield self._head
        yield self._trouble
        yield self._columns
        yield self._rows
        yield self._about

    def on_mount(self) -> None:
        self.every_second(self._tick)

    def on_screen_resume(self) -> None:
        self._watched_from = time.monotonic()
        self._show()
        self._watch()

    def on_screen_suspend(self) -> None:
        """Stop reading; the queue continues."""
        self._watched_from = None
        self.workers.cancel_group(self, WATCH)

    def on_resize(self) -> None:
        self.set_class(self.size.height < 18, "low")
        self.call_after_refresh(self._show)

    def to_copy(self) -> str:
        return "\n".join(each.vm for each in self._acted())

    # -- reading --

    @work(group=WATCH, exclusive=True)
    async def _watch(self) -> None:
        """Read the status again and again while the page is shown."""
        while self._watched_from is not None:
            self._again.clear()
            await self._read()
            try:
                await within(EVERY_S if self._queues.under_way else IDLE_EVERY_S, self._again.wait())
            except asyncio.TimeoutError:
                continue

    async def _read(self) -> None:
        try:
            await within(REPLY_LIMIT_S, self._queues.read())
        except asyncio.TimeoutError:
            self._failure = ""  # the age says it
        except Failure as failure:
            self._failure = str(failure)
        else:
            self._failure = ""
        self._show()

    def _tick(self) -> None:
        if self._watched_from is not None:
            self._show()

    # -- what is shown --

    @property
    def status(self) -> Status | None:
        """The queue that is shown: one that has ended gives way to other migrations that are under way."""
        found = self._queues.status
        if found is None or self._queues.under_way:
            return found
        of_queue = {each["run"] for each in found["entries"]}
        others = [run for run, each in self._migrations.all.items() if not each.timeline.over and run not in of_queue]
        return None if len(others) >= FEW else found

    def migration(self, move: Move | None) -> Migration | None:
        """The newest migration of a line, None if it has none that this app follows."""
        return self._migrations.all.get(move.run) if move is not None else None

    def _read_moves(self) -> list[Move]:
        status, known = self.status, self._migrations.all
        entries = status["entries"] if status is not None else ()
        found = []
        for entry in entries:
            live = known.get(entry["run"])
            found.append(move_of(entry, live.timeline if live else None, live.elapsed() if live else 0.0))
        taken, vms = {each.run for each in found}, {each.vm for each in found}
        for run, each in known.items():
            if run in taken or each.vm.name in vms or (each.timeline.over and run not in self._runs):
                continue
            self._runs.add(run)
            way = each.origin, each.target
            found.append(move_of_other(each.vm.name, way, run, each.timeline, each.elapsed()))
        return ordered(list({each.key: each for each in found}.values()))

    def _show(self) -> None:
        width = self.size.width
        if not width or not self._rows.is_attached:
            return
        moves = self._read_moves()
        self._moves = {each.key: each for each in moves}
        self._marked &= self._moves.keys()
        self._head.show(*head_lines(self.status, moves, width), *sentence_lines(self._hint(), width))
        table = MoveTable(moves, width - 1)  # the last column is kept for the scroll bar
        self._columns.show(table.header)
        lines = [table.line(each, marked=each.key in self._marked) for each in moves]
        self._rows.show_lines(list(self._moves), lines)
        self._show_trouble()
        self._show_chosen()
        self._refresh_keys()

    def _hint(self) -> str:
        """What a person can do with the queue now."""
        status = self.status
        marked = f"{len(self._marked)} marked. " if self._marked else ""
        if status is None:
            return marked
        state, away = status["state"], status["purpose"] == EVACUATE
        if state == PAUSED:
            marked += f"{CONTINUE_QUEUE} continues it."
        elif state in ENDED and state != FINISHED:
            marked += f"{CONTINUE_QUEUE} continues it with the VMs that are left."
        if state in ENDED and away:
            marked += f" {BRING_BACK} shows how they come back."
        if state in ENDED and any(each["run"] for each in status["entries"]):
            marked += f" {RUNS_OF_QUEUE} shows the runs."
        return self.with_keys(marked.strip())

    def _show_trouble(self) -> None:
        """Say that what is shown is old, or why nothing could be read."""
        if self._watched_from is None:
            return
        age_s = time.monotonic() - max(self._watched_from, self._queues.read_at or 0.0)
        text = self.with_keys(self._failure)
        if not text and age_s >= STALE_S and self._queues.under_way:
            text = f"The background process has not replied for {age_s:.0f} s."
        self._trouble.show(*sentence_lines(text, self.size.width, "bold $error"))

    def _show_chosen(self) -> None:
        move = self._chosen
        self._about.show(*sentence_lines(self._about_words(move) if move else "", self.size.width))

    def _about_words(self, move: Move) -> str:
        live = self.migration(move)
        if live is not None and (move.under_way or not move.number):
            said = sentence(live.timeline, live.elapsed(), live.origin, live.target).text
            return self.with_keys(f"{move.vm}: {said}")
        entries = self.status["entries"] if self.status is not None else ()
        return next((entry_words(each) for each in entries if each["vm"] == move.vm), "")

    @property
    def _chosen(self) -> Move | None:
        return self._moves.get(self._rows.chosen)

    def _acted(self) -> list[Move]:
        """The marked moves, else the one under the cursor."""
        marked = [each for each in self._moves.values() if each.key in self._marked]
        return marked or ([self._chosen] if self._chosen is not None else [])

    def on_pick_rows_moved(self) -> None:
        self._show_chosen()
        self._refresh_keys()

    def _refresh_keys(self) -> None:
        """Redraw the line of keys if one was enabled or disabled."""
