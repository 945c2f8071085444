"""The keys of the table of many migrations: one or all marked ones are steered, and the queue as a whole."""

from collections.abc import Awaitable
from pathlib import Path
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.message import Message

from tui.core.failure import Failure
from tui.queue.backend.requests import Wish
from tui.queue.model.limits import Limits, limits_of
from tui.queue.model.plan import BACK, EVACUATE
from tui.queue.model.progress import QUEUED
from tui.queue.model.status import ENDED, FINISHED, STOPPING, WORKING
from tui.queue.screens.limits import LimitsForm
from tui.queue.screens.plan import PlanPage
from tui.queue.screens.steering import STEERS, SteersMany, names_of
from tui.ui.question import Answer, Question

OF_QUEUE = ("pause", "resume", "limits", "take_out", "stop", "back")


class QueuePage(SteersMany):
    """Page 4 while a queue runs or several migrations do; the app opens one of them, and the pages around it."""

    HELP = (
        "Many migrations at once: those of the queue, and all others under way. The bars show the memory that remained "
        "over time. ~ before a pause: a forecast. The keys act on the VM under the cursor, or on all marked ones. "
        "A queue works in the background process: it goes on when the app ends. A VM that fails is tried on another "
        "host if the limits of the plan allow it."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="enter", priority=True, id="queue.open",
                tooltip="Show the migration alone, as one is shown; Esc there comes back"),
        Binding("space", "mark", "mark", tooltip="Mark the VM for what acts on several", id="queue.mark"),
        Binding("a", "mark_all", "all", show=False, id="queue.mark-all",
                tooltip="Mark all that are under way, or none"),
        Binding("p", "post_copy", "post-copy now", priority=True, id="queue.post-copy",
                tooltip="Switch the marked migrations, else this one, to post-copy at once"),
        Binding("c", "cancel", "cancel", tooltip="Cancel them, after a confirmation", id="queue.cancel"),
        Binding("d", "downtime", "downtime", tooltip="Change their maximum downtime", id="queue.downtime"),
        Binding("b", "bandwidth", "bandwidth", tooltip="Change the bandwidth limit of each", id="queue.bandwidth"),
        Binding("P", "pause", "pause queue", id="queue.pause",
                tooltip="Start no more migrations for now; those under way go on"),
        Binding("r", "resume", "resume", id="queue.resume",
                tooltip="Continue the queue that is paused, stopped or interrupted"),
        Binding("l", "limits", "limits", id="queue.limits",
                tooltip="Change the limits of the queue while it works: how many at once, bandwidth, failures"),
        Binding("o", "take_out", "take out", tooltip="Take VMs that wait out of the queue", id="queue.take-out"),
        Binding("x", "stop", "stop queue", tooltip="Stop the queue, after a confirmation", id="queue.stop"),
        Binding("B", "back", "bring back", id="queue.back",
                tooltip="Bring the VMs back to the host that was emptied; shows the plan first"),
        Binding("R", "runs", "runs", tooltip="Show the migrations of the queue on the Runs page", id="queue.runs"),
        Binding("escape", "close", "close", tooltip="Back to the page of one migration", id="queue.close"),
    ]  # fmt: skip
    CHANGES = frozenset({*STEERS, *OF_QUEUE})

    class MigrationRequested(Message):
        """The page of one migration was requested, by the name of its run."""

        def __init__(self, run: str) -> None:
            super().__init__()
            self.run = run

    class RunOpened(Message):
        """The record of a migration that is not followed was requested, by its folder."""

        def __init__(self, folder: Path) -> None:
            super().__init__()
            self.folder = folder

    class RunsRequested(Message):
        """The runs of a queue were requested, by its id."""

        def __init__(self, queue: str) -> None:
            super().__init__()
            self.queue = queue

    class Closed(Message):
        """Nothing is under way, and a person has seen how it ended."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reasons: tuple[bool, ...] = ()

    # -- what cannot be done --

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide the keys of the queue where there is none, and those that the state of the queue does not have."""
        status = self.status
        if action in (*OF_QUEUE, "runs") and status is None:
            return False
        if action == "back" and status is not None and (status["purpose"] != EVACUATE or status["state"] not in ENDED):
            return False
        if action == "resume" and status is not None and status["state"] in (WORKING, STOPPING, FINISHED):
            return False
        if action in ("pause", "stop", "take_out", "limits") and status is not None and status["state"] in ENDED:
            return False
        if action == "close" and self.needed:
            return False
        return super().check_action(action, parameters)

    @property
    def needed(self) -> bool:
        """Whether the table is needed, because a queue or several migrations are under way."""
        return self._queues.under_way or sum(each.under_way for each in self._moves.values()) > 1

    def why_not(self, action: str) -> str:
        if action in STEERS:
            return self.why_not_steered(action)
        if action in ("open", "mark"):
            return self._why_not_open() if action == "open" else "" if self._chosen else "There is nothing to mark."
        if action == "runs" and not any(each.run for each in self._moves.values() if each.number):
            return "No migration of the queue has begun."
        if action in OF_QUEUE:
            return self._why_not_queue(action)
        return ""

    def _why_not_open(self) -> str:
        move = self._chosen
        if move is None:
            return "There is no migration here."
        return "" if move.run else f"{move.vm} has no migration yet."

    def _why_not_queue(self, action: str) -> str:
        status = self.status
        if status is None:
            return "There is no queue."
        if action == "take_out" and not self._waiting():
            return "Only VMs that wait are taken out; those under way can be cancelled."
        if action == "pause" and status["state"] != WORKING:
            return f"The queue is {status['state']} already."
        return "The queue stops already." if action == "stop" and status["state"] == STOPPING else ""

    def _waiting(self) -> list[str]:
        return [each.vm for each in self._acted() if each.state == QUEUED]

    def _refresh_keys(self) -> None:
        actions = (*STEERS, *OF_QUEUE, "open", "runs", "close")
        reasons = tuple(self.check_action(action, ()) is not None for action in actions)
        hidden = tuple(self.check_action(action, ()) is False for action in actions)
        if (*reasons, *hidden) != self._reasons:
            self._reasons = (*reasons, *hidden)
            self.refresh_bindings()

    # -- lines --

    def action_open(self) -> None:
        """Show the migration of the line, or its record."""
        move = self._chosen
        if move is None or not move.run:
            return
        entries = self.status["entries"] if self.status is not None else ()
        folder = next((each["folder"] for each in entries if each["run"] == move.run), "")
        if self.migration(move) is None and folder and not move.under_way:
            self.post_message(self.RunOpened(Path(folder)))
        else:
            self.post_message(self.MigrationRequested(move.run))

    def action_mark(self) -> None:
        """Mark the line, or not, and go to the next one."""
        self._marked ^= {self._rows.chosen}
        self._rows.action_move(1)
        self._show()

    def action_mark_all(self) -> None:
        """Mark all that are under way; none if they are marked."""
        running = {each.key for each in self._moves.values() if each.under_way}
        self._marked = set() if running <= self._marked else running
        self._show()

    def action_close(self) -> None:
        """Back to the page of one migration."""
        self._runs.clear()
        self._marked.clear()
        self.post_message(self.Closed())

    def action_runs(self) -> None:
        """Show the runs of the queue on the Runs page."""
        if self.status is not None:
            self.post_message(self.RunsRequested(self.status["id"]))

    # -- the queue --

    def action_pause(self) -> None:
        """Start no more for now; nothing is lost, so without a question."""
        self._request(self._queues.pause())

    def action_resume(self) -> None:
        """Continue the queue."""
        self._request(self._queues.resume())

    def action_limits(self) -> None:
        """Change the limits of the queue under way."""

        def answered(limits: Limits | None) -> None:
            if limits is not None:
                self._request(self._queues.limit(limits))

        if self.status is not None:
            self.app.push_screen(LimitsForm(limits_of(self.status["limits"])), answered)

    def action_take_out(self) -> None:
        """Take the VMs that wait out, after a confirmation."""
        waiting = self._waiting()

        def answered(key: str | None) -> None:
            if key == "y":
                self._request(self._queues.take_out(waiting))

        text = f"{names_of(waiting)} {'stays where it is' if len(waiting) == 1 else 'stay where they are'}."
        answers = [Answer("y", "take out"), Answer("n", "leave it in the queue")]
        self.app.push_screen(Question("Take out of the queue?", text, answers), answered)

    def action_stop(self) -> None:
        """Stop the queue after a confirmation."""

        def answered(key: str | None) -> None:
            if key in ("y", "c"):
                self._request(self._queues.stop(cancel=key == "c"))

        text = "VMs that were moved stay where they are. The queue can be continued later."
        answers = [
            Answer("y", "start no more; those under way go on to their end"),
            Answer("c", "start no more, and cancel those under way"),
            Answer("n", "let it go on"),
        ]
        self.app.push_screen(Question("Stop the queue?", text, answers), answered)

    def action_back(self) -> None:
        """Show how the VMs would be brought back."""
        if self.status is not None:
            self.app.push_screen(PlanPage(self._queues, Wish(BACK, self.status["host"])))

    @work(name="request", group="request")
    async def _request(self, request: Awaitable[None]) -> None:
        try:
            await request
        except Failure as failure:
            self.explain(str(failure))
        self._again.set()
        self._show()
