"""How tests of pages wait: for keys on a busy machine, and for the end of an app."""

import asyncio

import pytest
from textual.app import App

from tests.ui.one_page import until

TURNS = 50  # of the loop


class HandlesInAWorker(App[None]):
    """Handles a key in a worker, which takes some turns of the loop."""

    handled = False

    def on_key(self) -> None:
        self.run_worker(self.handle())

    async def handle(self) -> None:
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self.handled = True


async def test_a_key_is_handled_once_press_returns_also_if_the_process_gets_no_cpu_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", 0.0)  # as after a sleep that took all of the time
    monkeypatch.setattr("textual._wait.process_time", lambda: 0.0)
    app = HandlesInAWorker()
    async with app.run_test() as pilot:
        await pilot.press("x")
        assert app.handled


class LeavesLate(App[None]):
    """Still handles messages when it has been told to exit."""

    async def leave(self) -> None:
        self.exit()
        self.call_later(self.linger)
        self.call_later(self.linger)

    async def linger(self) -> None:
        await asyncio.sleep(0.1)


async def test_the_end_of_an_app_is_seen_although_it_no_longer_handles_messages() -> None:
    app = LeavesLate()
    async with app.run_test() as pilot:
        app.call_later(app.leave)
        await until(pilot, lambda: not app.is_running)
