"""The machines the tests of this folder work on: up once for all of them, bare again for each, gone at the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nfs.machines import FIREWALLED, INSTALLED, Machines
from tui.lab.lock import held

FOLDER = Path("/var/tmp/vmlm-tui-nfs")
TURN = Path("/run/vmlm-tui-nfs.lock")  # held by the one run of these tests that a machine has memory for


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """The three; the first time on a machine takes minutes, because their disk is built and they are booted."""
    if os.geteuid() != 0:
        pytest.fail("the tests in tests/nfs need root for their network: run `make test`, or sudo", pytrace=False)
    with held(TURN, "the machines of tests/nfs", print):
        machines = Machines(FOLDER, print)
        try:
            yield machines
        finally:
            machines.down()


@pytest.fixture(autouse=True)
def _in_their_network(machines: Machines) -> Iterator[None]:
    """A test's own connections lead to the machines, not out of this one."""
    with machines.network.entered():
        yield


@pytest.fixture
def bare(machines: Machines) -> Machines:
    """All three as they were after their first boot."""
    machines.restore()
    return machines


@pytest.fixture
def installed(machines: Machines) -> Machines:
    """Bare but for the packages: nfs-kernel-server on the storage, nfs-common on the other two."""
    machines.restore(INSTALLED)
    return machines


@pytest.fixture
def firewalled(machines: Machines) -> Machines:
    """As `installed`, with a firewalld that nobody has changed on the storage server and the destination."""
    machines.restore(FIREWALLED)
    return machines
