"""What the tests of the runner's service share."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.fakes import Stage
from tests.unit.migration.runners import Runner


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a migration whose final figures never come: its end waits for them only briefly."""
    monkeypatch.setattr("tui.migration.backend.running.actor.FINAL_FIGURES_S", 0.05)
    monkeypatch.setattr("tui.migration.backend.running.actor.TICK_S", 0.05)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[[Stage], Runner]]:
    made: list[Runner] = []

    def runner(stage: Stage) -> Runner:
        made.append(Runner(stage, tmp_path))
        return made[-1]

    yield runner
    for each in made:
        await each.close()
