"""Fixtures that the tests of a study share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.study.study_world import Make, Shuttle, World


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[World] = []

    def world(name: str = "pre-copy-idle", *, waits_for_keys: bool = False, shells: bool = False) -> World:
        made.append(World(tmp_path, Shuttle(name, waits_for_keys=waits_for_keys), shells=shells))
        return made[-1]

    yield world
    for each in made:
        each.stage.let_go()
        await each.end_runner()
