"""The rules about disks, a definition for each row."""

from dataclasses import replace

import pytest

from tests.unit.vm.cases import DISK, FILE, FOLDER, OLD, SOURCE, Row, check, domain
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE


def file(path: str, inside: str = "", cache: str = " cache='none'") -> str:
    return DISK.format(cache, path, inside)


def cdrom(path: str, policy: str = "") -> str:
    policy = f" startupPolicy='{policy}'" if policy else ""
    return (
        f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='{path}'{policy}/>"
        "<target dev='sda' bus='sata'/><readonly/></disk>"
    )


def block(path: str, cache: str = "none") -> str:
    return (
        f"<disk type='block' device='disk'><driver name='qemu' type='raw' cache='{cache}'/><source dev='{path}'/>"
        "<target dev='sda' bus='scsi'/></disk>"
    )


def volume(pool: str, name: str = "my-vm/boot.qcow2") -> str:
    return (
        f"<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='{pool}' volume='{name}'/>"
        "<target dev='vda' bus='virtio'/></disk>"
    )


NVME = """<disk type='nvme' device='disk'><driver name='qemu' type='raw'/>
  <source type='pci' managed='yes' namespace='1'>
    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>
  <target dev='vdb' bus='virtio'/></disk>"""
VHOST_USER = """<disk type='vhostuser' device='disk'><driver name='qemu' type='raw'/>
  <source type='unix' path='/tmp/blk.sock'/><target dev='vdc' bus='virtio'/></disk>"""
FAT = "<disk type='dir' device='{}'><driver type='fat'/><source dir='/srv/dos'/><target dev='{}'/>{}</disk>"
RBD = "<disk type='network' device='disk'><source protocol='rbd' name='pool/a'/><target dev='vdb'/></disk>"
MIRROR = "<mirror type='file' job='copy' ready='yes'><source file='/copy.img'/></mirror>"
DATA = f"""<disk type='file' device='disk'><driver type='qcow2' cache='none'/><source file='{FOLDER}/a.qcow2'>
  <dataStore type='file'><format type='raw'/><source file='/var/lib/local/a.raw'/></dataStore></source>
  <target dev='vda'/></disk>"""
BASED = "<backingStore type='file'><format type='raw'/><source file='{}'/><backingStore/></backingStore>"
JOB = replace(domain(), jobs=(("vda", "backup"),))

ROWS = {
    "on the shared folder": Row(domain()),
    "default cache": Row(domain(file(f"{FOLDER}/a", cache=""))),
    "writeback": Row(domain(file(f"{FOLDER}/a", cache=" cache='writeback'"))),
    "unsafe cache, hosts unread": Row(domain(file(f"{FOLDER}/a", cache=" cache='unsafe'")), there=None, here=None),
    "default cache, old QEMU": Row(domain(file(f"{FOLDER}/a", cache="")), DOUBTFUL, "QEMU's default cache", OLD),
    "unsafe cache, old QEMU": Row(domain(file(f"{FOLDER}/a", cache=" cache='unsafe'")), DOUBTFUL, "cache=unsafe", OLD),
    "local": Row(domain(file("/local/a.img")), DOUBTFUL, "/mnt/nfs; only a migration that copies it succeeds. Set"),
    "local, hosts unread": Row(domain(file("/local/a.img")), DOUBTFUL, "which is not on", None, None),
    "through ..": Row(domain(file(f"{FOLDER}/../b")), DOUBTFUL, "which is not on the shared folder"),
    "on another share of both": Row(domain(file("/other/share/a.qcow2"))),
    "base at neither": Row(domain(file(f"{FOLDER}/a", BASED.format("/base.img"))), BLOCKED, "is based on /base.img"),
    "base on both": Row(domain(file(f"{FOLDER}/a", BASED.format("/boot/both")))),
    "data elsewhere": Row(domain(DATA), BLOCKED, "Disk vda keeps its data in /var/lib/local/a.raw, which is not"),
    "rbd": Row(domain(RBD)),
    "empty drive": Row(domain("<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>")),
    "CD of one host": Row(
        domain(cdrom("/iso/x.iso")), BLOCKED, "does not have it. Eject it: virsh change-media 'vm 1' sda --eject."
    ),
    "CD that differs": Row(
        domain(cdrom("/iso/other.iso")), DOUBTFUL, "another size. libvirt takes it; the guest then reads that one."
    ),
    "read-only disk that differs": Row(
        domain(file("/iso/other.iso", "<readonly/>")), DOUBTFUL, "the guest then reads that one."
    ),
    "base that differs": Row(
        domain(file(f"{FOLDER}/a", BASED.format("/iso/other.iso"))), BLOCKED, "another size; the disk would be damaged."
    ),
    "CD of both": Row(domain(cdrom("/iso/both.iso"))),
    "CD, host unread": Row(domain(cdrom("/iso/x.iso")), DOUBTFUL, "whether target has it is unknown", None),
    "optional CD": Row(domain(cdrom("/tmp/x.iso", "optional")), NOTE, "libvirt ejects it if target does not have it."),
    "requisite CD": Row(domain(cdrom("/iso/x.iso", "requisite")), NOTE, "libvirt ejects it"),
    "mandatory CD": Row(domain(cdrom("/iso/x.iso", "mandatory")), BLOCKED, "CD-ROM sda is /iso/x.iso"),
    "transient": Row(domain(file(f"{FOLDER}/a", "<transient/>")), BLOCKED, "Disk vda is transient"),
    "copy job": Row(domain(file(f"{FOLDER}/a", MIRROR)), BLOCKED, "active block job (copy)"),
    "backup job": Row(JOB, BLOCKED, "active block job (backup)"),
    "nvme": Row(domain(NVME), BLOCKED, "Disk vdb is an NVMe device"),
    "vhost-user": Row(domain(VHOST_USER), DOUBTFUL, "another program through /tmp/blk.sock"),
    "writable FAT": Row(domain(FAT.format("disk", "vdb", "")), BLOCKED, "the host folder /srv/dos"),
    "read-only FAT": Row(domain(FAT.format("floppy", "fda", "<readonly/>"))),
    "same block device": Row(domain(block("/dev/mapper/san-vm1"))),
    "same block device, cached": Row(domain(block("/dev/mapper/san-vm1", "writeback"))),
    "cached block device, old QEMU": Row(domain(block("/dev/mapper/san-vm1", "writeback")), DOUBTFUL, "cache", OLD),
    "block device of one host": Row(domain(block("/dev/only-here")), BLOCKED, "which target does not have"),
    "larger block device": Row(domain(block("/dev/larger")), BLOCKED, "5 B here, 6 B there"),
    "other block device": Row(domain(block("/dev/different")), DOUBTFUL, "another one: one here, two there"),
    "block device without identity": Row(domain(block("/dev/plain")), DOUBTFUL, "has the same one is unknown"),
    "block device, hosts unread": Row(domain(block("/dev/mapper/san-vm1")), DOUBTFUL, "takes it as shared", None, None),
    "volume on the shared folder": Row(domain(volume("nfs"))),
    "volume, hosts unread": Row(domain(volume("nfs")), DOUBTFUL, "whether target has it is unknown", None, None),
    "volume, source unread": Row(domain(volume("nfs")), here=None),
    "volume of a pool of one host": Row(
        domain(volume("ceph", "a")), BLOCKED, "pool ceph, which is not active on target"
    ),
    "volume of a pool that lies elsewhere there": Row(
        domain(volume("moved", "a")),
        DOUBTFUL,
        "pool moved, which is /mnt/nfs/moved/a here and /other/moved/a on target.",
    ),
    "volume on LVM": Row(domain(volume("lvm", "a")), DOUBTFUL, "the block device /dev/vg/a"),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_definition_is_judged_as_libvirt_does(row: Row) -> None:
    check(row)


def test_a_local_pool_is_judged_by_its_file_and_by_the_pool_of_the_target() -> None:
    found = Row(domain(volume("here"))).found()
    assert [each.level for each in found] == [BLOCKED, DOUBTFUL]
    assert "pool here, which is not active on target" in found[0].text
    assert "Disk vda is /pools/here/my-vm/boot.qcow2, which is not on the shared folder" in found[1].text


def test_two_drives_are_judged_apart() -> None:
    found = Row(domain(FILE + cdrom("/iso/x.iso") + NVME), there=SOURCE).found()
    assert ["NVMe" in each.text for each in found] == [True]
