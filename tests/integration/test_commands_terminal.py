"""`vmlm-tui migrate` in a terminal: the line of progress, and what Ctrl-C asks."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import tempfile
import termios
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.integration.runner_room import PROGRAM, RunnerRoom, runner_room
from tests.unit.fakes import PATIENCE_S
from tests.unit.migration.stages import stage_of

QUESTION = "Ctrl-C: c cancels it, l leaves it running, any other key continues."
WAITS = "pass 6"  # where the recording waits for its key
WORDS = ("migrate", "guest1", "--technique", "post-copy-manual")


class Terminal:
    """A command in a terminal of 60 columns."""

    def __init__(self) -> None:
        self.text = ""
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, environment: dict[str, str]) -> None:
        environment = {name: value for name, value in environment.items() if name not in ("COLUMNS", "LINES")}
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self._slave)
        self._process = await asyncio.create_subprocess_exec(*PROGRAM, *WORDS, env=environment, **streams)
        asyncio.get_running_loop().add_reader(self._master, self._read)

    def _read(self) -> None:
        self.text += os.read(self._master, 1 << 16).decode(errors="replace")
        self._changed.set()

    async def until(self, text: str, times: int = 1, after: str = "") -> None:
        """Return when it has printed `text` so many times, after the last `after` if that is given."""
        while self.text[self.text.rfind(after) if after else 0 :].count(text) < times:
            self._changed.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), PATIENCE_S)
            assert self._changed.is_set(), self.text

    def interrupt(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGINT)

    def press(self, key: str) -> None:
        os.write(self._master, key.encode())

    async def status(self) -> int:
        assert self._process
        return await asyncio.wait_for(self._process.wait(), PATIENCE_S)

    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._master)
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
async def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[RunnerRoom]:
    async with AsyncExitStack() as stack:
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="vmlm-"))  # short, for the socket
        monkeypatch.setenv("VMLM_RUNTIME_DIR", runtime)
        yield await stack.enter_async_context(runner_room(stage_of("post-copy-by-hand"), tmp_path))


@pytest.fixture
async def terminal(room: RunnerRoom) -> AsyncIterator[Terminal]:
    opened = Terminal()
    await opened.start(room.environment)
    yield opened
    await opened.close()


async def test_the_line_of_progress_fits_the_width_and_the_result_follows(room: RunnerRoom, terminal: Terminal) -> None:
    await terminal.until(WAITS)
    room.migration.controls.switch_to_post_copy()
    assert await terminal.status() == 0
    await terminal.until("next  ")
    heading, rest = terminal.text.split("\r\n", 1)
    assert heading.startswith("guest1  destination -> source  post-copy by hand")
    progress, result = rest.split("Completed by post-copy\r\n", 1)
    lines = [line for line in progress.split("\r") if line.strip()]
    assert "\n" not in progress
    assert all(line.startswith("00:") for line in lines)
    assert max(map(len, lines)) < 60 + len("\x1b[33m\x1b[0m")
    assert result.startswith("the VM       guest1 runs on source and is gone from\r\n             destination.\r\n")


async def test_ctrl_c_asks_and_another_key_continues(room: RunnerRoom, terminal: Terminal) -> None:
    await terminal.until(WAITS)
    terminal.interrupt()
    await terminal.until(QUESTION)
    terminal.press("x")
    await terminal.until("pass 6", after=QUESTION)  # no progress is printed while it asks
    terminal.interrupt()
    await terminal.until(QUESTION, times=2)
    room.migration.controls.switch_to_post_copy()  # the question does not outlive the migration
    assert await terminal.status() == 0


async def test_c_cancels_the_migration(room: RunnerRoom, terminal: Terminal) -> None:
    await terminal.until(WAITS)
    terminal.interrupt()
    await terminal.until(QUESTION)
    terminal.press("c")
    assert await terminal.status() == 3
    await terminal.until("Cancelled\r\n")
    assert room.migration.timeline.phase == "cancelled"


@pytest.mark.parametrize("answer", ["l", "another Ctrl-C"])
async def test_l_or_a_second_ctrl_c_leaves_it_running(room: RunnerRoom, terminal: Terminal, answer: str) -> None:
    await terminal.until(WAITS)
    terminal.interrupt()
    await terminal.until(QUESTION)
    if answer == "l":
        terminal.press("l")
    else:
        terminal.interrupt()
    assert await terminal.status() == 130
    await terminal.until("continues in the background; `vmlm-tui watch")
    assert not room.migration.timeline.over
