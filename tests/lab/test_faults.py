"""Faults put to real migrations: what the page shows, what the record holds, and that the next migration works."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import fault_vm
from tests.lab.fault import Fault, Trial
from tests.lab.fault_world import World
from tests.lab.faults import FAULTS
from tui.lab.lab import Lab


@pytest.fixture(scope="module")
def whole(lab: Lab) -> Iterator[World]:
    """The lab with the VM of these tests."""
    fault_vm.install(lab.place)
    world = World(lab)
    yield world
    world.remove()


@pytest.fixture
def world(whole: World) -> Iterator[World]:
    """The VM runs on the origin; afterwards it runs on one of the hosts again, whatever the fault was."""
    whole.restore()
    yield whole
    whole.restore()


def cases() -> Iterator[object]:
    for fault in FAULTS:
        yield pytest.param(
            fault, id=fault.id.replace(" ", "-"), marks=() if fault.chosen else (pytest.mark.all_faults,)
        )


@pytest.mark.parametrize("fault", cases())
async def test_a_fault_is_named_and_recorded(fault: Fault, world: World, tmp_path: Path) -> None:
    await Trial(fault, world, tmp_path / "runs").run()
    world.restore()
    await world.migrate_again(tmp_path / "again")
