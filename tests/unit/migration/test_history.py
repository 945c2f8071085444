"""The history of a run, which is sent in pieces: the log of a day does not fit the memory of each follower."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest

from tests.unit.migration.logs import lines_of
from tests.unit.migration.runners import Follower, Make, Runner, begun, switch
from tests.unit.until import until
from tui.migration.backend.messages import FIND, FOLLOW
from tui.migration.backend.recording import recorder as recorder_module
from tui.migration.backend.recording.recorder import RAW, Recorder
from tui.migration.model import record
from tui.runner.protocol import Message

LINES = 2000
WHILE_SENT = 30


class Talking(Follower):
    """A follower that lets a record come with each of the first pieces it gets."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self.pieces: list[int] = []  # lines of each
        self._run_log = runner.actor.run_log

    def _on_notice(self, message: Message) -> None:
        super()._on_notice(message)
        self.pieces.append(len(message.get("lines", ())))
        if len(self.pieces) <= WHILE_SENT:
            self._run_log.event(record.KEY, n=len(self.pieces), text="while it is sent")


async def test_records_that_come_while_the_history_is_sent_are_neither_lost_nor_doubled(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "BLOCK_BYTES", 4096)
    runner, _ = await begun(make)
    run_log = runner.actor.run_log
    for n in range(LINES):
        run_log.event(record.KEY, n=n, text="ü" * (n % 100))
    await until(lambda: f'"n": {LINES - 1},'.encode() in (run_log.folder / RAW).read_bytes())
    follower = Talking(runner)
    runner.closing.append(follower.client.close)
    (found,) = await follower.client.call(FIND)
    await follower.client.call(FOLLOW, run=found["run"])
    assert len(follower.pieces) > WHILE_SENT
    assert max(follower.pieces[:WHILE_SENT]) < LINES / 10
    await switch(runner)
    await follower.ended()
    assert follower.lines == lines_of(run_log.folder)
    assert sum("while it is sent" in each for each in follower.lines) == WHILE_SENT


async def test_a_client_that_leaves_while_the_history_is_sent_ends_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "BLOCK_BYTES", 1)
    runner, _ = await begun(make)
    follower = Talking(runner)
    (found,) = await follower.client.call(FIND)
    following = follower.client.send(FOLLOW, run=found["run"])
    await until(lambda: follower.lines)
    await follower.client.close()
    await asyncio.wait({following})
    await switch(runner)
    await until(lambda: runner.actor.run_log.done)


def test_a_large_log_is_read_without_its_size_in_memory(tmp_path: Path) -> None:
    recorder = Recorder.create(tmp_path, "run")
    line = b'{"t": 1.0, "text": "' + b"x" * 1000 + b'"}\n'
    with (recorder.folder / RAW).open("ab") as file:
        for _ in range(20):
            file.write(line * 1000)
        size = file.tell()
    tracemalloc.start()
    try:
        read = sum(len(lines) for lines in recorder.read(size))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert read == 20_000
    assert peak < size / 10


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1000])
def test_pieces_are_whole_lines_wherever_the_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(recorder_module, "BLOCK_BYTES", block)
    recorder = Recorder.create(tmp_path, "run")
    text = "ä\n\u2028x\n\nlonger than a block\nincomplete"
    (recorder.folder / RAW).write_text(text, "utf-8")
    size = len(text.encode())
    lines = text.split("\n")[:-1]
    assert [each for piece in recorder.read(size) for each in piece] == lines
    assert [each for piece in recorder.read(size + 1000) for each in piece] == lines
    assert [each for piece in recorder.read(0) for each in piece] == []
