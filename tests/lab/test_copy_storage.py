"""A VM whose disks lie on one host moves to the other without any shared storage, and back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.lab_backend import LabBackend, bring_home, end_of, seen
from tests.lab.labs import OnMachine
from tests.lab.test_virsh import Log
from tui.core.plan import PRE_COPY, Plan
from tui.lab.domain import definition
from tui.lab.inventory import GUEST
from tui.lab.kvm import usable
from tui.lab.lab import Lab
from tui.lab.machine import Machine
from tui.lab.place import SHARED_FOLDER
from tui.linux.sudo import Sudo
from tui.migration.backend.before.disk_images import DiskImages
from tui.migration.backend.before.preflight import Refused
from tui.migration.model import record
from tui.migration.model.timeline import CANCELLED, COMPLETED

VM = "local1"
FOLDER = "/var/lib/libvirt/images"  # each host has its own
SYSTEM, DATA = f"{FOLDER}/{VM}.qcow2", f"{FOLDER}/{VM} data.img"
DISKS = f"""<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{SYSTEM}'/>
  <target dev='vda' bus='virtio'/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{DATA}'/>
  <target dev='vdb' bus='virtio'/></disk>"""
MAKE = f"""set -e
mkdir -p {FOLDER}
cp {SHARED_FOLDER}/vmlinuz {SHARED_FOLDER}/initrd {FOLDER}
"""
IMAGES = f"""set -e
cp {SHARED_FOLDER}/{GUEST.name}.qcow2 {SYSTEM}
dd if=/dev/urandom of='{DATA}' bs=1M count=48 status=none
"""
COPY = Plan(VM, PRE_COPY, copy_storage_all=True)


def remove(machine: Machine) -> None:
    machine.succeeds(["virsh", "destroy", VM])
    machine.succeeds(["virsh", "undefine", VM])
    machine.run(["rm", "-f", SYSTEM, DATA])


@pytest.fixture
def backend(lab: Lab, tmp_path: Path) -> Iterator[LabBackend]:
    """The VM runs on the source with two disks there; the guest of the share has the same address, so it is off."""
    backend = LabBackend(lab, tmp_path / "runs")
    machines = {host: lab.machine(host) for host in ("source", "destination")}
    shells = {host: OnMachine(machine) for host, machine in machines.items()}
    images = DiskImages(backend.connections, Sudo(shells.__getitem__))
    backend.migrations.on_hosts.images = images
    bring_home(backend)
    backend.virsh("source", "destroy", GUEST.name)
    for machine in machines.values():
        remove(machine)
        machine.run(["sh", "-c", MAKE])
    source = machines["source"]
    source.run(["sh", "-c", IMAGES])
    xml = definition(DISKS, accelerated=usable()).replace(f"<name>{GUEST.name}<", f"<name>{VM}<")
    (source.folder / "local.xml").write_text(xml.replace(str(SHARED_FOLDER), FOLDER))
    source.run(["virsh", "define", str(source.folder / "local.xml")])
    backend.virsh("source", "start", VM)
    wait_for_guest(backend)
    yield backend
    for machine in machines.values():
        remove(machine)
    backend.virsh("source", "start", GUEST.name)


def wait_for_guest(backend: LabBackend) -> None:
    """Until it accepts ssh, as bring_home does for the guest of the share."""
    script = f"for n in $(seq 300); do ssh {GUEST.name} true && exit; done; exit 1"
    backend.lab.machine("source").run(["sh", "-c", script], limit_s=300)


def exists(backend: LabBackend, host: str, path: str) -> bool:
    return backend.lab.machine(host).succeeds(["test", "-e", path])


def hash_of(backend: LabBackend, host: str, path: str) -> str:
    return backend.lab.machine(host).run(["sha256sum", path]).split()[0]


async def logged(backend: LabBackend, host: str, plan: Plan) -> tuple[Any, dict[str, Any]]:
    """The timeline, and the call as the daemon of the origin logs it."""
    log = Log(backend, host)
    log.start()
    log.clear()
    try:
        return await moved(backend, plan), log.calls()
    finally:
        log.stop()


async def moved(backend: LabBackend, plan: Plan) -> Any:
    timeline = await end_of(await backend.migrations.start(plan))
    assert timeline.phase == COMPLETED, dict(timeline.error)
    return timeline


async def test_a_vm_with_two_local_disks_moves_and_returns(backend: LabBackend) -> None:
    backend.guest("echo before > /root/local; sync")
    data = hash_of(backend, "source", DATA)

    cancelled = await backend.migrations.start(replace(COPY, bandwidth_mib_s=1))
    await seen(cancelled, lambda timeline: timeline.disks.known)
    assert exists(backend, "destination", SYSTEM)
    cancelled.controls.send("cancel")
    timeline = await end_of(cancelled)
    assert timeline.phase == CANCELLED
    removed = [each.data for each in timeline.events if each.kind == record.IMAGES]
    assert removed == [{"removed": [SYSTEM, DATA], "kept": []}]
    assert not exists(backend, "destination", SYSTEM)
    assert not exists(backend, "destination", DATA)

    machine = backend.lab.machine("destination")
    machine.run(["qemu-img", "create", "-q", "-f", "raw", DATA, "49M"])
    with pytest.raises(Refused) as refused:
        await backend.migrations.start(COPY)
    assert "48 MiB on the origin, and one of 49 MiB exists on the target" in str(refused.value)
    machine.run(["rm", DATA])

    away, call = await logged(backend, "source", replace(COPY, copy_storage_synchronous_writes=True, disks_port=49300))
    assert {"VIR_MIGRATE_NON_SHARED_DISK", "VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES"} <= set(call["flags"])
    assert call["parameters"]["disks_port"] == "(int)49300"
    assert away.disks.total >= 48 << 20
    assert away.final["disk_processed"] >= 48 << 20
    assert backend.guest("cat /root/local") == "before\n"
    assert hash_of(backend, "destination", DATA) == data

    backend.guest("echo away > /root/local; sync; echo written | dd of=/dev/vdb conv=fsync status=none")
    uri = "tcp://10.77.0.1:49301"
    plan = replace(COPY, migrate_disks="vda,vdb", migrate_disks_detect_zeroes="vda", disks_uri=uri)
    back, call = await logged(backend, "destination", plan)
    assert call["parameters"]["migrate_disks"] == "(string)vdb"  # the last one of the list
    assert call["parameters"]["migrate_disks_detect_zeroes"] == "(string)vda"
    assert call["parameters"]["disks_uri"] == f"(string){uri}"
    assert back.verified is not None
    assert backend.guest("echo 3 > /proc/sys/vm/drop_caches; cat /root/local") == "away\n"
    assert backend.lab.machine("source").run(["head", "-c", "7", DATA]) == "written"

    remove(machine)  # the images that the way back has left
    _, call = await logged(backend, "source", Plan(VM, PRE_COPY, copy_storage_inc=True))
    assert "VIR_MIGRATE_NON_SHARED_INC" in call["flags"]
