"""The comparison of the techniques on a thread, while the options of a form change."""

import asyncio
import threading
from dataclasses import replace

import pytest

from tests.unit.forecast.fake_forecaster import measured
from tui.forecast.backend.comparing import Comparing
from tui.forecast.model.comparison import Comparison, compare
from tui.forecast.model.forecast import Inputs

FIRST, SECOND, THIRD = (replace(measured(), max_downtime_s=each) for each in (0.1, 0.2, 0.3))


class Held:
    """A comparison that waits on its thread until the test releases it."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: list[Inputs] = []
        self.threads: set[int] = set()
        self.shown: list[Comparison | None] = []
        self.changed = asyncio.Event()
        self.comparing = Comparing(self.compare, self._on_changed)

    def compare(self, inputs: Inputs) -> Comparison:
        self.asked.append(inputs)
        self.threads.add(threading.get_ident())
        assert self.released.wait(30)
        return compare(inputs)

    def _on_changed(self) -> None:
        self.shown.append(self.comparing.newest)
        self.changed.set()


@pytest.fixture
def held() -> Held:
    return Held()


async def test_it_compares_on_another_thread(held: Held) -> None:
    held.comparing.of(FIRST)
    assert held.comparing.newest is None
    held.released.set()
    await asyncio.wait_for(held.changed.wait(), 30)
    assert held.comparing.newest == compare(FIRST)
    assert threading.get_ident() not in held.threads


async def test_an_outdated_result_is_dropped_and_only_the_newest_inputs_are_compared_next(held: Held) -> None:
    for inputs in (FIRST, SECOND, THIRD):
        held.comparing.of(inputs)
        await asyncio.sleep(0)
    held.released.set()
    await asyncio.wait_for(held.changed.wait(), 30)
    assert held.asked == [FIRST, THIRD]
    assert held.shown == [compare(THIRD)]


async def test_the_same_inputs_are_compared_once(held: Held) -> None:
    held.released.set()
    held.comparing.of(FIRST)
    held.comparing.of(replace(FIRST))
    await asyncio.wait_for(held.changed.wait(), 30)
    held.comparing.of(replace(FIRST))
    assert held.asked == [FIRST]
    assert held.comparing.newest == compare(FIRST)


async def test_a_result_that_arrives_after_its_vm_was_left_is_dropped(held: Held) -> None:
    held.comparing.of(FIRST)
    await asyncio.sleep(0)
    held.comparing.of(None)
    held.released.set()
    await asyncio.wait_for(held.changed.wait(), 30)
    assert held.comparing.newest is None


async def test_the_comparison_before_stays_until_the_next_one_is_done(held: Held) -> None:
    held.released.set()
    held.comparing.of(FIRST)
    await asyncio.wait_for(held.changed.wait(), 30)
    held.released.clear()
    held.changed.clear()
    held.comparing.of(SECOND)
    await asyncio.sleep(0)
    assert held.comparing.newest == compare(FIRST)
    held.released.set()
    await asyncio.wait_for(held.changed.wait(), 30)
    assert held.comparing.newest == compare(SECOND)


async def test_a_fault_is_a_failure_until_the_next_inputs() -> None:
    changed = asyncio.Event()

    def faulty(_inputs: Inputs) -> Comparison:
        raise ZeroDivisionError("a fault")

    comparing = Comparing(faulty, changed.set)
    comparing.of(FIRST)
    await asyncio.wait_for(changed.wait(), 30)
    assert "ZeroDivisionError('a fault')" in str(comparing.failure)
    assert comparing.newest is None
    comparing.of(None)
    assert comparing.failure is None
