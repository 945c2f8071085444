"""The lab of the tests of this folder: started once under its own name, and removed at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.lab_backend import LabBackend, bring_home
from tui.lab.lab import Lab
from tui.lab.lock import held
from tui.lab.place import Place

NAME = os.environ.get("VMLM_TEST_LAB", "test")  # another name allows a second run of these tests on the machine
TURN = Path(f"/run/vmlm-tui-tests{'' if NAME == 'test' else f'-{NAME}'}.lock")  # one run at a time of each name


@pytest.fixture(scope="package")  # not the session, or its guest would run at the same time as tests/nfs
def lab() -> Iterator[Lab]:
    """The running lab with its guest defined; the first `up` on a machine builds the guest, which takes minutes."""
    if os.geteuid() != 0:
        pytest.fail(
            "the tests in tests/lab need root to start hosts in namespaces: run `make test`, or use sudo",
            pytrace=False,
        )
    with held(TURN, "the lab of these tests", print):
        lab = Lab(Place(NAME), print)
        lab.down()  # remove the leftovers of a killed run
        try:
            lab.up()
            yield lab
        finally:
            lab.down()


@pytest.fixture(scope="module")
def second_place() -> Iterator[Place]:
    place = Place("test-second")
    Lab(place, print).down()
    yield place
    Lab(place, print).down()


@pytest.fixture
def second(second_place: Place, lab: Lab) -> Lab:
    """A second, complete lab that the tests may break."""
    second = Lab(second_place, print)
    second.up()
    return second


@pytest.fixture
def lab_backend(lab: Lab, tmp_path: Path) -> LabBackend:
    """The guest runs on the source and accepts ssh."""
    lab_backend = LabBackend(lab, tmp_path)
    bring_home(lab_backend)
    return lab_backend
