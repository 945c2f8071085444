"""Fixtures of all tests of pages."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import plotext  # noqa: F401  # loaded here so that charts draw at once; the app loads it after the first paint
import pytest
from textual._wait import wait_for_idle
from textual.pilot import Pilot

from tests.list_world import ListWorld
from tests.ui.one_page import settled


@pytest.fixture(autouse=True)
def _default_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the background and the NO_COLOR of the terminal that runs the tests."""
    for name in ("COLORFGBG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _a_key_is_handled_before_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a busy machine, where Textual takes a process that gets no CPU time for idle; and by an app that ends."""
    handled = Pilot._wait_for_screen

    async def idle(*seconds: float) -> None:
        await wait_for_idle(*seconds)
        await settled()

    async def unless_it_ends(pilot: Pilot[Any], timeout: float = 30.0) -> bool:
        waiting = asyncio.ensure_future(handled(pilot, timeout))
        try:
            while not waiting.done() and not pilot.app._exit:  # one that ends may not handle what this has posted
                await asyncio.wait({waiting}, timeout=0.05)
            return waiting.done() and waiting.result()
        finally:
            waiting.cancel()

    for module in ("app", "pilot"):
        monkeypatch.setattr(f"textual.{module}.wait_for_idle", idle)
    monkeypatch.setattr(Pilot, "_wait_for_screen", unless_it_ends)


@pytest.fixture(autouse=True)
def _no_unexpected_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail on an unexpected error, which the app survives; a test that expects one clears `caplog`."""
    yield
    for record in caplog.get_records("call"):
        if record.exc_info and record.msg.startswith("Unexpected error"):
            pytest.fail(f"{record.getMessage()}: {record.exc_info[1]!r}")


@pytest.fixture
def world(tmp_path: Path) -> ListWorld:
    """Everything exists except the server and the export that needs it."""
    made = ListWorld(tmp_path)
    made.make_all()
    made.machines["storage"].made -= {"server", "export"}
    return made
