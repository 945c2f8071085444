"""The machines of these tests: started once, restored for each test, ended after the last."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nfs.machines import FIREWALLED, INSTALLED, SET_UP, Machines
from tui.lab.lock import held

FOLDER = Path("/var/tmp/vmlm-tui-nfs")
LOCK = Path("/run/vmlm-tui-nfs.lock")  # only one run at a time, because of the memory


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """The three machines; the first run on a computer takes minutes, because it builds their disk and boots them."""
    if os.geteuid() != 0:
        pytest.fail("the tests in tests/nfs need root for their network: run `make test`, or sudo", pytrace=False)
    with held(LOCK, "the machines of tests/nfs", print):
        machines = Machines(FOLDER, print)
        try:
            yield machines
        finally:
            machines.down()


@pytest.fixture(autouse=True)
def _machines_network(machines: Machines) -> Iterator[None]:
    """Connections of a test use the network of the machines, not that of this computer."""
    with machines.network.entered():
        yield


@pytest.fixture
def bare(machines: Machines) -> Machines:
    """The machines in the state after their first boot."""
    machines.restore()
    return machines


@pytest.fixture
def installed(machines: Machines) -> Machines:
    """As `bare`, with nfs-kernel-server on the storage server and nfs-common on the other two."""
    machines.restore(INSTALLED)
    return machines


@pytest.fixture
def set_up(machines: Machines) -> Machines:
    """As `bare`, with libvirt and QEMU on the source as `make setup` leaves them."""
    machines.restore(SET_UP)
    return machines


@pytest.fixture
def firewalled(machines: Machines) -> Machines:
    """As `installed`, with an unconfigured firewalld on the storage server and the destination."""
    machines.restore(FIREWALLED)
    return machines
