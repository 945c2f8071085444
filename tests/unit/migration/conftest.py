"""What the tests of the runner's service share."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.fakes import Stage
from tests.unit.migration.runners import Runner


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Callable[[Stage], Runner]]:
    made: list[Runner] = []

    def runner(stage: Stage) -> Runner:
        made.append(Runner(stage, tmp_path))
        return made[-1]

    yield runner
    for each in made:
        await each.close()
