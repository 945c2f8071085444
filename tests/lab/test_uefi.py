"""A VM with UEFI firmware there and back between the lab's hosts, then deleted with its variables on both hosts.

OVMF is Debian's package ovmf; VMLM_TEST_OVMF names another folder with its two files.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab_backend import LIMIT_S, LabBackend, bring_home, end_of
from tests.lab.labs import OnMachine
from tui.core.plan import PRE_COPY, Plan
from tui.lab.inventory import GUEST
from tui.lab.lab import Lab
from tui.linux.sudo import Sudo
from tui.migration.model.timeline import COMPLETED
from tui.vm.backend.vms import Vms

FOLDER = Path(os.environ.get("VMLM_TEST_OVMF", "/usr/share/OVMF"))
CODE, TEMPLATE = FOLDER / "OVMF_CODE_4M.fd", FOLDER / "OVMF_VARS_4M.fd"
VM = "uefi1"
NVRAM = f"/var/lib/libvirt/qemu/nvram/{VM}_VARS.fd"
OS = f"""<os><type arch='x86_64' machine='q35'>hvm</type>
  <loader readonly='yes' type='pflash'>{CODE}</loader><nvram template='{TEMPLATE}'>{NVRAM}</nvram></os>"""
XML = f"""<domain type='qemu'><name>{VM}</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>{OS}
  <features><acpi/></features><devices><serial type='pty'/></devices></domain>"""
HOSTS = ("source", "destination")

pytestmark = pytest.mark.skipif(not (CODE.exists() and TEMPLATE.exists()), reason=f"there is no OVMF in {FOLDER}")


@pytest.fixture
def backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    """The VM runs on the source; it has no disk, so the firmware stays in its shell."""
    backend = LabBackend(lab, tmp_path / "runs")
    bring_home(backend)
    machine = lab.machine("source")
    (machine.folder / "uefi.xml").write_text(XML)
    machine.run(["virsh", "define", str(machine.folder / "uefi.xml")])
    machine.run(["virsh", "start", VM])
    yield backend
    for host in HOSTS:
        lab.machine(host).succeeds(["virsh", "destroy", VM])
        lab.machine(host).succeeds(["virsh", "undefine", "--nvram", VM])
        lab.machine(host).run(["rm", "-f", NVRAM])


def variables(backend: LabBackend, host: str) -> str:
    """The hash of the file of UEFI variables; "" if there is none."""
    script = f"[ ! -e {NVRAM} ] || sha256sum {NVRAM}"
    return backend.lab.machine(host).run(["sh", "-c", script]).partition(" ")[0]


async def moved(backend: LabBackend) -> Any:
    timeline = await end_of(await backend.migrations.start(Plan(VM, PRE_COPY)))
    assert timeline.phase == COMPLETED, dict(timeline.error)
    return timeline


async def test_the_variables_move_with_the_vm_and_go_with_it(backend: LabBackend) -> None:
    template = backend.lab.machine("source").run(["sha256sum", str(TEMPLATE)]).partition(" ")[0]
    until = time.monotonic() + LIMIT_S
    while variables(backend, "source") == template:  # until the firmware has written its first variables
        assert time.monotonic() < until
    definition = backend.virsh("source", "dumpxml", "--inactive", VM)

    await moved(backend)
    assert variables(backend, "destination") not in ("", template)
    await moved(backend)
    assert backend.virsh("source", "dumpxml", "--inactive", VM) == definition
    assert variables(backend, "destination")  # libvirt leaves it there

    backend.virsh("source", "destroy", VM)
    shells = {host: OnMachine(backend.lab.machine(host)) for host in HOSTS}
    vms = Vms(backend.connections, Sudo(shells.__getitem__))
    deletion = await vms.deletion(VM)
    assert (deletion.hosts, deletion.nvram, deletion.leftovers) == (("source",), NVRAM, ("destination",))
    await vms.delete(deletion, disks=False)
    assert [variables(backend, host) for host in HOSTS] == ["", ""]
    assert VM not in backend.virsh("source", "list", "--all", "--name").split()
    assert GUEST.name in backend.virsh("source", "list", "--all", "--name").split()
