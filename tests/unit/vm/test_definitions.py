"""Definitions as OpenStack, oVirt, KubeVirt, Proxmox, virt-install and people write them: golden/definitions.txt.

Each has its name, the elements that matter, and the level and words of the one sentence about it, or NOTHING. What is
expected was read from libvirt's qemuMigrationSrcIsAllowed and qemuMigrationSrcIsSafe (9.0 and 11.3) and from
QEMU's migration blockers (7.2 and 10.0), for a live migration of a running VM.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.vm.cases import (
    DAEMON,
    DISK,
    FACTS,
    FOLDER,
    HERE,
    HERE_ONLY,
    OLD,
    POOL,
    POOLS,
    THERE,
    Row,
    check,
    domain,
    offer,
)
from tui.vm.model.domain import parse
from tui.vm.model.host_facts import parse_facts
from tui.vm.model.rules.rule import DOUBTFUL

BOTH = """\
file file 900 fuseblk - /gluster/a.qcow2
file file 900 fhgfs - /beegfs/a.qcow2
file file 900 smb2 - /cifs/a.qcow2
file file 900 smb - /oldcifs/a.qcow2
file block 300 - - /dev/sr0
file block 700 - - /dev/vg/data
file file 400 ext2/ext3 - /usr/bin/qemu-system-x86_64
socket 0A 11BE
datagram 07 11CB
"""
ONLY_HERE = """\
file block 300 - - /dev/vg/base
file block 300 - - /dev/sr1
file block 10737418240 - tank-uuid /dev/zvol/tank/vm-100
file file 10 ext2/ext3 - /usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2
"""
ONLY_THERE = """\
file missing 0 - - /dev/vg/base
file missing 0 - - /dev/sr1
file missing 0 - - /dev/zvol/tank/vm-100
file missing 0 - - /dev/zvol/tank/zvol1
file missing 0 - - /usr/libexec/qemu-kvm
file missing 0 - - /etc/libvirt/slic.bin
file missing 0 - - /etc/ignition/config.ign
file missing 0 - - /usr/share/vgabios/gpu.rom
file missing 0 - - /dev/hwrng
file missing 0 - - /dev/ttyUSB0
file missing 0 - - /run/modem.sock
file missing 0 - - /dev/input/by-id/usb-kbd-event-kbd
file missing 0 - - /dev/dri/renderD128
file missing 0 - - /dev/sdb
file missing 0 - - /var/lib/nvdimm/v.raw
file missing 0 - - /run/other/pr.sock
file missing 0 - - /run/qemu-nbd.sock
file missing 0 - - /etc/ceph/other.conf
file missing 0 - - /home/u/.ssh/id
file file 20 ext2/ext3 - /usr/share/edk2/ovmf/OVMF_CODE_4M.qcow2
"""
ISCSI, ZFS = POOL.format("iscsi", "san", "/dev/disk/by-path"), POOL.format("zfs", "tank", "/dev/zvol/tank")
MPATH = POOL.format("mpath", "paths", "/dev/mapper")
HOST = offer(FACTS.format(host=10) + HERE + BOTH + ONLY_HERE, (*POOLS, *HERE_ONLY, ISCSI, ZFS, MPATH))
OTHER = offer(FACTS.format(host=11) + THERE + BOTH + ONLY_THERE, (*POOLS, ISCSI, ZFS, MPATH))
OLDER = replace(HOST, daemon=replace(DAEMON, libvirt_version=(9, 5, 0)))
QEMU_11 = replace(HOST, daemon=replace(DAEMON, hypervisor_version=(11, 1, 2)))

QUORUM = DISK.format("", f"{FOLDER}/quorum.img", "<shareable/>")


def read(block: str) -> tuple[str, Row]:
    """One definition of the golden file, with what is expected of it."""
    name, *elements, expected = block.strip("\n").split("\n")
    level, _, words = expected.partition(" ")
    whole = f"<domain type='kvm' id='4'><name>vm 1</name><memory unit='GiB'>1</memory>{''.join(elements)}</domain>"
    return name, Row(parse(whole), "" if level == "NOTHING" else level.lower(), words, OTHER, HOST)


GOLDEN = Path(__file__).parents[1] / "golden" / "definitions.txt"
ROWS = dict(map(read, GOLDEN.read_text("utf-8").split("\n\n"))) | {
    "quorum disk, default cache, old QEMU": Row(domain(QUORUM), there=OLD),
    "BeeGFS, older libvirt": Row(domain(DISK.format("", "/beegfs/a.qcow2", "")), DOUBTFUL, "on fhgfs", OTHER, OLDER),
    "virtio sound, newer QEMU": Row(domain("<sound model='virtio'/>"), DOUBTFUL, "a newer one decides", OTHER, QEMU_11),
    "TDX": Row(domain(rest="<launchSecurity type='tdx'/>"), DOUBTFUL, "a newer one decides", OTHER, QEMU_11),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_definition_is_judged_as_libvirt_and_qemu_do(row: Row) -> None:
    check(row)


def test_the_name_of_an_unknown_file_system_is_one_word() -> None:
    found = parse_facts("file file 900 UNKNOWN_(0x65735543) - /fuse/a b.qcow2").files["/fuse/a b.qcow2"]
    assert (found.size, found.system) == (900, "UNKNOWN_(0x65735543)")
