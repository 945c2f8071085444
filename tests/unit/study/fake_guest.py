"""A guest that runs the programs of the app, in memory: it knows the scripts of the guest's backend."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from tui.core.command import Completed
from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import OnOutput
from tui.forecast.backend.forecaster import Forecaster
from tui.guest.backend.guest import NEWEST_OUTPUT, SIGNAL, START, STATUS, Guest
from tui.guest.backend.heartbeats import Heartbeats
from tui.guest.backend.workloads import Workloads
from tui.migration.backend.owner import MigrationOwner
from tui.study.backend.measurement import Tools


async def no_wait(_seconds: float) -> None:
    await asyncio.sleep(0)


def tools_of(owner: MigrationOwner, connections: Connections, guest: "FakeGuest", runs: Path) -> Tools:
    """What a study works with, in that guest; a window of a measurement takes no time."""
    forecaster = Forecaster(connections, runs, sleep=no_wait)
    return Tools(owner, guest.workloads, forecaster)


class FakeGuest:
    """A Shell; `workloads` are those of the app. Each reading of its output finds one more second."""

    def __init__(self) -> None:
        self.running = ""  # the name of the workload
        self.options = ""
        self.log: list[str] = []  # what was started and stopped
        self.rate = 100.0
        self.wrong_pages = 0
        self.failures: list[Failure] = []  # each is raised by one command
        self.meanwhile: list[Callable[[], None]] = []  # each is called during one command
        self._seconds = 0
        self._ended = ""
        self.workloads = Workloads(self._guest, Heartbeats(self._guest, 0))

    def _guest(self, vm: str, subfolder: str) -> Guest:
        return Guest(self, self, vm, subfolder)

    async def run(
        self, argv: Sequence[str], *, stdin: str | bytes = "", timeout: float = 30.0, on_output: OnOutput | None = None
    ) -> Completed:
        if self.failures:
            raise self.failures.pop()
        if self.meanwhile:
            self.meanwhile.pop()()
        script, words = argv[2], argv[5:]
        if script == START:
            self.running, self.options = words[0], words[1]
            self.log.append(f"start {self.options}")
        elif script == SIGNAL and self.running:
            self.log.append(f"stop {self.running}")
            self._ended, self.running = self.running, ""
        return Completed(0, self._output(script), "")

    def _output(self, script: str) -> str:
        self._seconds += 1
        name = self.running or self._ended
        line = f"line seconds={self._seconds}.000 mib_per_s={self.rate} wrong_pages={self.wrong_pages}\n"
        if script == STATUS and name:
            return f"name {name}\noptions {self.options}\n{'running 7' if self.running else 'ended 0'}\n{line}"
        return f"name {name}\n{line}" if script == NEWEST_OUTPUT and self.running else ""

    async def close(self) -> None:
        """Nothing is open."""
