"""What the tests of the rules share: two hosts, and definitions of VMs with one peculiarity each."""

from dataclasses import dataclass, replace

from tui.core.vm import Daemon, Inventory
from tui.vm.model.blockers import Blocker, blockers
from tui.vm.model.domain import Domain, parse
from tui.vm.model.host_facts import parse_facts
from tui.vm.model.host_inventory import parse_inventory
from tui.vm.model.offer import Offer

GIB = 1 << 30
FOLDER = "/mnt/nfs"

FACTS = """\
net lo 65536 card
net eth0 1500 card
net br0 1500 bridge
net virbr0 1500 bridge
address 127.0.0.1
address 192.168.2.{host}
address fe80::1
cpus 0-3
nodes 0
memory 16777216
page 2048
pages 1048576 0
pages 2048 256
socket 0A 16DA
socket 0A 0016
program swtpm
file block 10737418240 - wwn-0x5000c5 /dev/mapper/san-vm1
file file 4096 ext2/ext3 - /usr/share/OVMF/OVMF_CODE_4M.fd
file file 4096 ext2/ext3 - /usr/share/OVMF/OVMF_VARS_4M.fd
file file 700 ext2/ext3 - /iso/both.iso
file file 900 nfs - /other/share/a.qcow2
file file 100 ext2/ext3 - /boot/both
"""
HERE = """\
file file 10 ext2/ext3 - /iso/x.iso
file file 10 ext2/ext3 - /iso/other.iso
file file 10 ext2/ext3 - /opt/own/CODE.fd
file block 5 - - /dev/only-here
file block 5 - - /dev/plain
file block 5 - one /dev/different
file block 5 - - /dev/larger
file file 10 ext2/ext3 - /base.img
file file 10 ext2/ext3 - /boot/other
file file 10 ext2/ext3 - /nvram/there.fd
file file 10 ext2/ext3 - /nvram/other.fd
"""
THERE = """\
file missing 0 - - /iso/x.iso
file file 20 ext2/ext3 - /iso/other.iso
file missing 0 - - /opt/own/CODE.fd
file missing 0 - - /dev/only-here
file block 5 - - /dev/plain
file block 5 - two /dev/different
file block 6 - - /dev/larger
file missing 0 - - /base.img
file missing 0 - - /srv/shared
file file 20 ext2/ext3 - /boot/other
file file 10 ext2/ext3 - /nvram/there.fd
file file 20 ext2/ext3 - /nvram/other.fd
"""
CAPABILITIES = """<domainCapabilities><devices>
  <graphics supported='yes'><enum name='type'><value>vnc</value></enum></graphics>
  <video supported='yes'><enum name='modelType'><value>vga</value><value>virtio</value></enum></video>
  <redirdev supported='no'/>
</devices></domainCapabilities>"""
POOL = "<pool type='{}'><name>{}</name><target><path>{}</path></target></pool>"
POOLS = (POOL.format("netfs", "nfs", FOLDER), POOL.format("logical", "lvm", "/dev/vg"))
HERE_ONLY = (POOL.format("dir", "here", "/pools/here"), POOL.format("rbd", "ceph", ""))
MOVED = POOL.format("dir", "moved", "{}/moved")

DAEMON = Daemon("test:///", "host", "uuid", (11, 3, 0), (10, 0, 2), 16, "EPYC", 64 * GIB, 32 * GIB)
MACHINES = ("pc-q35-6.2", "q35", "pc-q35-10.0", "pc-i440fx-10.0", "pc")


def offer(facts: str, pools: tuple[str, ...], secrets: tuple[str, ...] = ()) -> Offer:
    found = parse_facts(facts)
    inventory = parse_inventory(Inventory(pools, secrets, CAPABILITIES))
    return Offer(DAEMON, MACHINES, ("default",), found.bridges, inventory, found)


SOURCE = offer(FACTS.format(host=10) + HERE, (*POOLS, *HERE_ONLY, MOVED.format(FOLDER)), ("secret-1",))
TARGET = offer(FACTS.format(host=11) + THERE, (*POOLS, MOVED.format("/other")))
OLD = replace(TARGET, daemon=replace(DAEMON, libvirt_version=(4, 0, 0), hypervisor_version=(2, 11, 0)))
NEWER = replace(TARGET, daemon=replace(DAEMON, libvirt_version=(10, 4, 0), hypervisor_version=(8, 0, 0)))

DISK = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'{}/><source file='{}'/>
  <target dev='vda'/>{}</disk>"""
FILE = DISK.format(" cache='none'", f"{FOLDER}/a.qcow2", "")


def domain(devices: str = FILE, rest: str = "", *, head: str = "", machine: str = "pc-q35-6.2") -> Domain:
    """The VM of one definition; `head` are attributes of <domain>, `rest` its other elements."""
    os = "" if "<os" in rest else f"<os><type machine='{machine}'>hvm</type></os>"
    return parse(
        f"<domain type='kvm'{head}><name>vm 1</name><memory unit='GiB'>1</memory><vcpu>2</vcpu>{os}{rest}"
        f"<devices>{devices}</devices></domain>"
    )


@dataclass(frozen=True)
class Row:
    """One definition, what is expected of it, and its hosts; no words: nothing may be found."""

    vm: Domain
    level: str = ""
    words: str = ""
    there: Offer | None = TARGET
    here: Offer | None = SOURCE

    def found(self) -> tuple[Blocker, ...]:
        return blockers(self.vm, FOLDER, "target", self.there, self.here)


def check(row: Row) -> None:
    """Exactly the expected sentence at its level, or none."""
    found = row.found()
    assert [each.level for each in found] == ([row.level] if row.level else []), found
    assert all(row.words in each.text for each in found), found
