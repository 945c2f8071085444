"""Fixtures that the tests of the queue share."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.queue.rack import RECORDING, Rack, Room

MIB = 1 << 20


@pytest.fixture
async def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Room]]:
    """Makes a runner whose host a has so many VMs: vm1 is the smallest."""
    monkeypatch.setattr("tui.queue.backend.carrier.ASK_AGAIN_S", 0.02)
    monkeypatch.setattr("tui.queue.backend.engine.TICK_S", 0.05)
    made: list[Room] = []

    def room(count: int = 2, name: str = RECORDING) -> Room:
        made.append(Room(tmp_path, Rack({f"vm{n}": 128 * n * MIB for n in range(1, count + 1)}, name=name)))
        return made[-1]

    yield room
    for each in made:
        each.rack.let_go()
        await each.end_runner()
