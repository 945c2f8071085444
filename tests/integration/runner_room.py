"""A runner in the test's process, on a real socket, with a recorded migration; the commands are real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.unit.fakes import PATIENCE_S, Stage, connections
from tests.unit.migration.stages import workload
from tui.migration.backend.owner import MigrationOwner
from tui.migration.backend.running.actor import MigrationActor
from tui.migration.backend.service import Service
from tui.runner.process import Running, folder
from tui.runner.server import Server

PROGRAM = (sys.executable, "-m", "tui")
CONFIG = """
[hosts]
source = {ssh = "root@source.invalid", libvirt = "test:///default"}
destination = {ssh = "root@destination.invalid", libvirt = "test:///default"}
storage = {ssh = "root@storage.invalid"}
[vm]
name = "guest1"
"""


@dataclass
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Command:
    """A command that runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._out = b""

    async def until(self, text: str) -> None:
        """Read the output until it has the text."""
        assert self._process.stdout
        while text.encode() not in self._out:
            try:
                read = await asyncio.wait_for(self._process.stdout.read(1 << 16), PATIENCE_S)
            except asyncio.TimeoutError:
                read = b""
            assert read, self._out.decode()
            self._out += read

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    async def done(self) -> Done:
        out, err = await asyncio.wait_for(self._process.communicate(), PATIENCE_S)
        assert self._process.returncode is not None
        return Done(self._process.returncode, (self._out + out).decode(), err.decode())

    async def end(self) -> None:
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()


class RunnerRoom:
    """The runner's side and the commands."""

    def __init__(self, stage: Stage, owner: MigrationOwner, config: Path) -> None:
        self.stage = stage
        self.owner = owner
        self.commands: list[Command] = []
        self._config = config

    @property
    def migration(self) -> MigrationActor:
        assert self.owner.current is not None
        return self.owner.current

    @property
    def environment(self) -> dict[str, str]:
        home = str(self._config.parent)
        kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "XDG_STATE_HOME")}
        return kept | {"HOME": home, "VMLM_CONFIG": str(self._config), "TERM": "xterm-256color"}

    async def start(self, *words: str) -> Command:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, *words, env=self.environment, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
        )
        self.commands.append(Command(process))
        return self.commands[-1]

    async def run(self, *words: str) -> Done:
        return await (await self.start(*words)).done()


@asynccontextmanager
async def runner_room(stage: Stage, place: Path) -> AsyncIterator[RunnerRoom]:
    """The runner of $VMLM_RUNTIME_DIR, until the test is over."""
    config = place / "config.toml"
    config.write_text(CONFIG)
    owner = MigrationOwner(connections(stage), stage.open, place / "runs", 0.005, workload)

    async def open_owner(_path: str) -> MigrationOwner:
        return owner

    service = Service(open_owner)
    running = Running(folder())
    listening = await Server(service.open_session, "test", lambda: service.busy).listen(running.socket)
    room = RunnerRoom(stage, owner, config)
    try:
        yield room
    finally:
        for command in room.commands:
            await command.end()
        stage.let_go()
        await service.close()
        listening.close()
