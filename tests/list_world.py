"""Three simulated hosts and a checklist of them, for tests of the pages around a list."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fake_hosts import SYSTEM, FakeHosts, login_read
from tui.app.wiring import changes_through
from tui.checklist.backend.changes import Changes
from tui.checklist.backend.checklist import Checklist
from tui.checklist.model.check import FAILED, NOT_NEEDED, OK, UNKNOWN, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.command import Completed
from tui.core.failure import Failure
from tui.hosts.backend.hosts import Hosts
from tui.hosts.model.facts import OneHost
from tui.linux.change import Change, Command, Move
from tui.linux.sudo import ASK, REJECTED, RUNS
from tui.nfs.backend.nfs import Nfs

HOSTS = {"storage": "root@storage", "source": "", "destination": "root@destination"}
REFUSED = Completed(1, "", "sudo: a password is required\n")
WRONG = Completed(137, "", f"Sorry, try again.\n{REJECTED}\nKilled\n")


class Machine:
    """A simulated host with the commands `make THING` and `unmake THING`; all others print nothing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: set[str] = set()
        self.commands: list[str] = []  # the `make` and `unmake` commands that ran
        self.password = ""  # that sudo requires; empty if the login is root
        self.passwords: list[str] = []  # the passwords that were tried
        self.unreachable: Failure | None = None
        self.refuses: dict[str, Completed] = {}  # by thing: the result of `make`
        self.prints: tuple[str, ...] = ()
        self.going_on = asyncio.Event()  # cleared: `make` blocks until it is set
        self.going_on.set()
        self.answering = asyncio.Event()  # cleared: the host does not reply
        self.answering.set()

    async def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | bytes = "",
        timeout: float = 30.0,
        on_output: Callable[[str], None] | None = None,
    ) -> Completed:
        """Run one command, after `sudo` or without."""
        await self.answering.wait()
        if self.unreachable:
            raise self.unreachable
        words = list(argv)
        if any("uname -n" in word for word in words):
            return Completed(0, login_read(SYSTEM.format(name=self.name)), "")
        if "id" in words:
            return Completed(0, "1000\n" if self.password else "0\n", "")
        if self.password and "-n" in words:
            return REFUSED
        if ASK in words:
            self.passwords.append(stdin.decode().partition("\n")[0] if isinstance(stdin, bytes) else "")
            if self.passwords[-1] != self.password:
                return WRONG
            if on_output:
                on_output(RUNS)
            done = await self._command(words, on_output)
            return Completed(done.status, RUNS + done.stdout, done.stderr)
        return await self._command(words, on_output)

    async def _command(self, words: list[str], on_output: Callable[[str], None] | None) -> Completed:
        verb = next((word for word in ("make", "unmake") if word in words), "")
        return await self._do(verb, words[-1], on_output) if verb else Completed(0, "", "")

    async def _do(self, verb: str, thing: str, on_output: Callable[[str], None] | None) -> Completed:
        self.commands.append(f"{verb} {thing}")
        for text in self.prints:
            if on_output:
                on_output(text)
        await self.going_on.wait()
        if verb == "make" and thing in self.refuses:
            return self.refuses[thing]
        (self.made.add if verb == "make" else self.made.discard)(thing)
        return Completed(0, "", "")

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Facts:
    """The things that exist on each host; a Failure where it can't be read, absent until it is read."""

    made: dict[str, frozenset[str] | Failure] = field(default_factory=dict)

    def at(self, host: str) -> OneHost:
        """The facts of the Hosts room about this host, of which nothing was read."""
        return OneHost()


def step(host: str, thing: str, title: str, *needs: str, why: str = "", note: str = "") -> Step[Facts]:
    """A step that is good when the thing exists on its host."""

    def check(facts: Facts) -> Finding | None:
        made = facts.made.get(host)
        if made is None:
            return None
        if isinstance(made, Failure):
            return Finding(UNKNOWN, str(made), f"{thing} on {host}", detail=made.detail)
        if thing in made:
            return Finding(OK, f"{thing} is there", f"{thing} on {host}")
        return Finding(FAILED, f"there is no {thing}", f"{thing} on {host}", detail=f"ls: cannot access '{thing}'")

    def change(facts: Facts) -> Change | str:
        if isinstance(facts.made[host], Failure):
            return f"{host} can't be read"
        return Change((Move(Command(host, ("make", thing)), (Command(host, ("unmake", thing)),)),), note)

    return Step(f"{host}.{thing}", host, title, why or f"without {thing} no VM can move", check, change, needs)


def fixed_step(host: str, id: str, title: str, finding: Finding) -> Step[Facts]:
    """A step with a constant finding that the app can't fix."""
    return Step(f"{host}.{id}", host, title, "so that both see the same", lambda facts: finding if facts.made else None)


STEPS = (
    step("storage", "server", "the NFS server is installed", note="Services that use it stand still for a moment."),
    step("storage", "folder", "the folder of the images exists"),
    step("storage", "export", "the folder is exported to both hosts", "storage.server", "storage.folder"),
    fixed_step(
        "storage", "firewall", "the firewall lets both hosts through", Finding(NOT_NEEDED, "no firewall is active")
    ),
    *(
        each
        for host in ("source", "destination")
        for each in (
            step(host, "client", "the NFS client is installed"),
            step(host, "mount", "the folder is mounted at the same path", f"{host}.client", "storage.export"),
            fixed_step(
                host,
                "clock",
                "the clocks agree",
                Finding(WARNING, "it is 1.7 s ahead of the source", "less than 1 s", "Run chrony on all three hosts."),
            ),
        )
    ),
    fixed_step("destination", "cpu", "the CPU has all that the source's has", Finding(OK, "both are EPYC")),
)


class ListWorld:
    """FakeHosts whose shells are Machines, and a checklist of STEPS over them in the NFS room, or in the Hosts room."""

    def __init__(self, folder: Path, steps: tuple[Step[Facts], ...] = STEPS) -> None:
        self.hosts = FakeHosts()
        self.machines = {host: Machine(host) for host in HOSTS}
        for host, address in HOSTS.items():
            self.hosts.shells[address] = self.machines[host]  # type: ignore[assignment]
        self.changes: Changes = changes_through(self.hosts.connections, folder / "changes.jsonl")
        self.checklist = Checklist(steps, Facts(), self.read, self.changes)
        self.reads = 0
        self.broken: Failure | None = None  # what reading the hosts raises

    @property
    def nfs(self) -> Nfs:
        """The NFS room with this checklist."""
        room = Nfs(self.hosts.connections, self.changes)
        room.checklist = self.checklist  # type: ignore[assignment]
        return room

    @property
    def room_of_hosts(self) -> Hosts:
        """The Hosts room with this checklist."""
        room = Hosts(self.hosts.connections, self.changes)
        room.checklist = self.checklist  # type: ignore[assignment]
        return room

    def make_all(self) -> None:
        """Let every thing exist on its host."""
        for each in STEPS:
            self.machines[each.host].made.add(each.id.partition(".")[2])

    async def read(self, facts: Facts) -> AsyncIterator[Facts]:
        """Read all hosts; yields the facts after each reply."""
        self.reads += 1
        if self.broken:
            raise self.broken

        async def read(host: str) -> tuple[str, frozenset[str] | Failure]:
            try:
                await self.changes.sudo.run(host, ["read"])
            except Failure as failure:
                return host, failure
            return host, frozenset(self.machines[host].made)

        known = dict(facts.made)
        for each in asyncio.as_completed([read(host) for host in HOSTS]):
            host, made = await each
            known[host] = made
            yield Facts(dict(known))
