"""Carries changes out on the hosts, action by action, and takes them back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tui.checklist.backend.jobs import Job, Jobs
from tui.checklist.backend.journal import Entry, Journal
from tui.core.failure import Failure
from tui.linux import remote_file
from tui.linux.change import Action, AddLines, Change, Command, Move, RemoveLines
from tui.linux.managed_block import blocks, with_lines, without_lines
from tui.linux.sudo import Sudo

NAMED = 100  # characters of a command in a sentence
BEGINS, PRINTS, ENDS, FAILS = "begins", "prints", "ends", "fails"


@dataclass(frozen=True)
class Progress:
    """What is going on: an action BEGINS, PRINTS `text`, ENDS well or FAILS because of `text`."""

    action: Action
    kind: str
    text: str = ""


OnChange = Callable[[Progress], None]


def reported_to(job: Job) -> OnChange:
    """Takes what is going on down as part of a work."""

    def on_change(progress: Progress) -> None:
        if progress.kind == BEGINS:
            job.begins(progress.action.host, progress.action.text)
        elif progress.kind == PRINTS:
            job.prints(progress.text)
        elif progress.kind == ENDS:
            job.ends()
        else:
            job.fails(progress.text)

    return on_change


class Changes:
    """Applies Changes as root and keeps the journal from which they are undone; `addresses` are by the host's role."""

    def __init__(self, sudo: Sudo, journal: Journal, addresses: Mapping[str, str]) -> None:
        self.sudo = sudo
        self.jobs = Jobs()
        self._journal = journal
        self._addresses = addresses

    @property
    def problem(self) -> str:
        """What of the journal could not be read; empty where all could."""
        return self._journal.problem

    async def apply(self, step: str, change: Change, on_change: OnChange) -> None:
        """All moves in their order; a Failure ends it, and what was done till then can be undone."""
        for move in change.moves:
            number = self._journal.begin(step, self._addresses[move.action.host], move)
            await self._act(move.action, on_change)
            self._journal.done(number)

    @property
    def revision(self) -> tuple[int, ...]:
        """Of the journal: while it stays the same, so does what can be undone."""
        return self._journal.revision

    def undo_of(self, step: str) -> Change | None:
        """What takes back all that was applied for a step, None where there is nothing."""
        moves = tuple(Move(action) for entry in self._applied(step) for action in entry.undo)
        return Change(moves) if moves else None

    async def undo(self, step: str, on_change: OnChange) -> None:
        """Take it back, the last move first; what failed when it was applied may fail here, too."""
        for entry in self._applied(step):
            for action in entry.undo:
                try:
                    await self._act(action, on_change)
                except Failure:
                    if entry.done:
                        raise
            self._journal.undone(entry)

    def _applied(self, step: str) -> list[Entry]:
        """Only what was done to the hosts of this configuration."""
        known = set(self._addresses.values())
        return [entry for entry in self._journal.entries(step) if entry.address in known]

    async def _act(self, action: Action, on_change: OnChange) -> None:
        on_change(Progress(action, BEGINS))
        try:
            if isinstance(action, Command):
                await self._run(action, lambda text: on_change(Progress(action, PRINTS, text)))
            else:
                await self._edit(action, lambda text: on_change(Progress(action, PRINTS, text)))
        except Failure as failure:
            on_change(Progress(action, FAILS, str(failure)))
            raise
        on_change(Progress(action, ENDS))

    async def _run(self, command: Command, on_output: Callable[[str], None]) -> None:
        done = await self.sudo.run(
            command.host, command.argv, stdin=command.stdin, timeout=command.timeout_s, on_output=on_output
        )
        if done.status:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise Failure(
                f"`{_named(command)}` failed on {command.host}",
                said[-1] if said else f"it ended with status {done.status} and said nothing",
                detail=done.stdout + done.stderr,
            )

    async def _edit(self, action: AddLines | RemoveLines, on_output: Callable[[str], None]) -> None:
        before = await remote_file.read(self.sudo, action.host, action.path)
        change = with_lines if isinstance(action, AddLines) else without_lines
        after = change(before, action.lines)
        if after == before:
            on_output(
                "the lines are there already\n" if isinstance(action, AddLines) else "the lines are there no more\n"
            )
        else:
            await remote_file.replace(self.sudo, action.host, action.path, before, after)
        if after is None or not blocks(after):
            await remote_file.forget_backup(self.sudo, action.host, action.path)


def _named(command: Command) -> str:
    """The command as it is known by in a sentence: the whole of it was shown before."""
    first = command.text.partition("\n")[0]
    return command.text if command.text == first and len(first) <= NAMED else f"{first[:NAMED].rstrip()} ..."
