"""The lab the tests of this folder migrate in: brought up once, of a name of its own, and gone at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui.lab.lab import Lab
from tui.lab.lock import held
from tui.lab.place import Place

NAME = "test"
TURN = Path("/run/vmlm-tui-tests.lock")  # held by the one run of these tests that a machine can have at a time


@pytest.fixture(scope="package")  # not of the session: its guest would run beside the machines of tests/nfs
def lab() -> Iterator[Lab]:
    """The lab, up, with its guest defined; the first `up` of a machine takes minutes, because it builds the guest."""
    if os.geteuid() != 0:
        pytest.fail(
            "the tests in tests/lab start hosts in namespaces, which needs root: run `make test`, or sudo",
            pytrace=False,
        )
    with held(TURN, "the lab of these tests", print):
        lab = Lab(Place(NAME), print)
        lab.down()  # what a killed run of the tests may have left
        try:
            lab.up()
            yield lab
        finally:
            lab.down()
