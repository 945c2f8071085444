"""Applies changes to the hosts, action by action, and undoes them."""

from collections.abc import Callable, Mapping

from tui.checklist.backend.jobs import Jobs
from tui.checklist.backend.journal import Entry, Journal
from tui.checklist.model.transcript import ACTION, DONE, FAILED, OUTPUT, Progress
from tui.core.failure import Failure
from tui.core.threads import on_thread
from tui.linux import remote_file
from tui.linux.change import Action, AddLines, Change, Command, Move, RemoveLines
from tui.linux.managed_block import blocks, with_lines, without_lines
from tui.linux.sudo import Sudo

NAMED = 100  # characters of a command in a sentence

OnProgress = Callable[[Progress], None]


class Changes:
    """Applies Changes as root and records how to undo them in the journal; `addresses` are by the host's role."""

    def __init__(self, sudo: Sudo, journal: Journal, addresses: Mapping[str, str]) -> None:
        self.sudo = sudo
        self.jobs = Jobs()
        self.journal = journal
        self._addresses = addresses

    async def apply(self, step: str, change: Change, on_progress: OnProgress) -> None:
        """Apply all moves in order; a Failure ends it, and the moves before it can be undone."""
        for move in change.moves:
            number = await on_thread(self.journal.begin, step, self._addresses[move.action.host], move)
            await self._act(move.action, on_progress)
            await on_thread(self.journal.done, number)

    def undo_of(self, step: str) -> Change | None:
        """The change that undoes all that was applied for a step; None where nothing was."""
        moves = tuple(Move(action) for entry in self._applied(step) for action in entry.undo)
        return Change(moves) if moves else None

    async def undo(self, step: str, on_progress: OnProgress) -> None:
        """Undo a step, the last move first; the undo of a move that had failed may fail too."""
        for entry in self._applied(step):
            for action in entry.undo:
                try:
                    await self._act(action, on_progress)
                except Failure:
                    if entry.done:
                        raise
            await on_thread(self.journal.undone, entry)

    def _applied(self, step: str) -> list[Entry]:
        """The entries of a step for hosts of this configuration, the newest first."""
        known = set(self._addresses.values())
        return [entry for entry in self.journal.entries(step) if entry.address in known]

    async def _act(self, action: Action, on_progress: OnProgress) -> None:
        def on_output(text: str) -> None:
            on_progress(Progress(action, OUTPUT, text))

        on_progress(Progress(action, ACTION))
        try:
            await (self._run(action, on_output) if isinstance(action, Command) else self._edit(action, on_output))
        except Failure as failure:
            on_progress(Progress(action, FAILED, str(failure)))
            raise
        on_progress(Progress(action, DONE))

    async def _run(self, command: Command, on_output: Callable[[str], None]) -> None:
        done = await self.sudo.run(
            command.host, command.argv, stdin=command.stdin, timeout=command.timeout_s, on_output=on_output
        )
        done.output(f"`{_named(command)}` failed on {command.host}")  # raises Failure where it failed

    async def _edit(self, action: AddLines | RemoveLines, on_output: Callable[[str], None]) -> None:
        before = await remote_file.read(self.sudo, action.host, action.path)
        change = with_lines if isinstance(action, AddLines) else without_lines
        after = change(before, action.lines)
        if after == before:
            on_output(f"the lines are already {'there' if isinstance(action, AddLines) else 'gone'}\n")
        else:
            await remote_file.replace(self.sudo, action.host, action.path, before, after)
        if after is None or not blocks(after):
            await remote_file.remove_backup(self.sudo, action.host, action.path)


def _named(command: Command) -> str:
    """The command, shortened for a sentence; the whole of it was shown before."""
    first = command.text.partition("\n")[0]
    return command.text if command.text == first and len(first) <= NAMED else f"{first[:NAMED].rstrip()} ..."
