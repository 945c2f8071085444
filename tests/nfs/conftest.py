"""The machines of these tests: started once, restored for each test, ended after the last."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nfs.machines import FIREWALLED, INSTALLED, Machines
from tui.lab.lock import held

# tests.__main__ gives a name to each run, so that machines of two names run beside each other. A lock admits one run
# for each name, because its machines have one folder of disks.
NAME = os.environ.get("NFS_MACHINES", "nfs")
FOLDER = Path(f"/var/tmp/vmlm-tui-{NAME}")
LOCK = Path(f"/run/vmlm-tui-{NAME}.lock")


@pytest.fixture(scope="session")
def machines() -> Iterator[Machines]:
    """The three machines; the first run on a computer takes minutes, because it builds their disk and boots them."""
    if os.geteuid() != 0:
        pytest.fail("the tests in tests/nfs need root for their network: run `make test`, or sudo", pytrace=False)
    with held(LOCK, f"the machines {NAME!r} of tests/nfs", print):
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
def firewalled(machines: Machines) -> Machines:
    """As `installed`, with an unconfigured firewalld on the storage server and the destination."""
    machines.restore(FIREWALLED)
    return machines
