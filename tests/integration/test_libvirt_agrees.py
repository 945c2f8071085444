"""libvirt itself refuses to save just those running VMs that the rules call blocked.

Saving a VM is a migration to a file: libvirt and QEMU judge both alike, except for snapshots and shared storage.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import libvirt
import pytest

from tests.integration.embedded_libvirt import CASES, COPYING, QEMU

REFUSED = {"transient", COPYING, "shmem", "shmem of a peer", "vmdk", "USB serial port"}
pytestmark = pytest.mark.skipif(not Path(QEMU).exists(), reason="QEMU is not installed")


@pytest.fixture(scope="module")
def replies() -> dict[str, dict[str, bool | int]]:
    folder = tempfile.mkdtemp(prefix="vmlm-", dir="/tmp")
    Path(folder).chmod(0o755)
    command = [sys.executable, "-m", "tests.integration.embedded_libvirt", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    shutil.rmtree(folder)
    assert done.returncode == 0, done.stderr
    read: dict[str, dict[str, bool | int]] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("case", CASES)
def test_libvirt_refuses_what_a_rule_blocks(replies: dict[str, dict[str, bool | int]], case: str) -> None:
    code = libvirt.VIR_ERR_OPERATION_INVALID if case in REFUSED else 0
    assert replies[case] == {"code": code, "blocked": case in REFUSED, "job": case == COPYING}
