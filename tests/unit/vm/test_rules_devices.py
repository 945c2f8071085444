"""The rules about devices and CPU flags, a definition for each row."""

from dataclasses import replace

import pytest

from tests.unit.vm.cases import DAEMON, FILE, NEWER, OLD, TARGET, Row, check, domain
from tui.core.failure import Failure
from tui.vm.model.host_facts import HostFacts
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE

PCI = """<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0x0000' bus='0x3b' slot='0x00' function='0x1'/></source>{}</hostdev>"""
MDEV = """<hostdev mode='subsystem' type='mdev' model='vfio-pci'>
  <source><address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"""
USB = """<hostdev mode='subsystem' type='usb' managed='yes'>
  <source><vendor id='0x046d'/><product id='0xc52b'/></source></hostdev>"""
SCSI = """<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>
  <address bus='0' target='0' unit='0'/></source></hostdev>"""
MISC = "<hostdev mode='capabilities' type='misc'><source><char>/dev/input/event3</char></source></hostdev>"
TRANSIENT = "<teaming type='transient' persistent='ua-backup0'/>"
CARD = """<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:02'/>
  <source><address type='pci' domain='0x0000' bus='0x3b' slot='0x02' function='0x0'/></source>{}</interface>"""
BACKUP = """<interface type='network'><mac address='52:54:00:00:00:02'/><source network='default'/>
  <teaming type='persistent'/><alias name='ua-backup0'/></interface>"""
VIRTIOFS = """<filesystem type='mount' accessmode='passthrough'><driver type='virtiofs'/>
  <source {}/><target dir='home'/></filesystem>"""
NINE_P = "<filesystem type='mount' accessmode='mapped'><source dir='/srv/data'/><target dir='data'/></filesystem>"
SHMEM = "<shmem name='shm0'{}><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"
DIMM = "<memory model='dimm'><target><size unit='MiB'>512</size><node>0</node></target>{}</memory>"
TPM = "<tpm model='tpm-crb'><backend type='{}' {}{}</backend></tpm>"
SECRET = "version='2.0'><encryption secret='{}'/>"
STATE = "version='2.0'><source type='dir' path='{}'/>"
INVTSC = "<cpu mode='custom' match='exact'><model>Skylake-Client</model><feature policy='{}' name='invtsc'/></cpu>"
CLOCK = "<clock offset='utc'><timer name='tsc' frequency='2400000000'/></clock>"
NIC = "<interface type='{}'><mac address='52:54:00:00:00:01'/><source {}/>{}<model type='virtio'/></interface>"
MTU = "<mtu size='{}'/>"
OLDER_LIBVIRT = replace(TARGET, daemon=replace(DAEMON, libvirt_version=(10, 4, 0)))
OLDER_QEMU = replace(TARGET, daemon=replace(DAEMON, hypervisor_version=(8, 1, 5)))
NO_SWTPM = replace(TARGET, facts=HostFacts({"lo": 65536}))

ROWS = {
    "one snapshot": Row(
        replace(domain(), snapshots=("before-upgrade",)),
        BLOCKED,
        "the snapshot before-upgrade; libvirt does not migrate a VM with snapshots. virsh snapshot-delete 'vm 1'",
    ),
    "many snapshots": Row(replace(domain(), snapshots=tuple("abcdef")), BLOCKED, "snapshots a, b, c, d and 2 more;"),
    "unknown snapshots": Row(replace(domain(), unread=str(Failure("They", "busy"))), DOUBTFUL, "They: busy"),
    "PCI": Row(domain(PCI.format("")), DOUBTFUL, "the host device pci 0000:3b:00.1, which migrates only if its driver"),
    "PCI, older QEMU": Row(domain(PCI.format("")), BLOCKED, "can't migrate with a QEMU older than 8.1", NEWER),
    "transient PCI": Row(domain(PCI.format(TRANSIENT)), NOTE, "QEMU unplugs pci 0000:3b:00.1"),
    "transient PCI, older QEMU": Row(domain(PCI.format(TRANSIENT)), NOTE, "net_failover", NEWER),
    "host card": Row(domain(CARD.format("")), DOUBTFUL, "the host device network card 52:54:00:00:00:02"),
    "host card, older QEMU": Row(domain(CARD.format("")), BLOCKED, "network card 52:54:00:00:00:02", OLD),
    "teaming pair": Row(domain(BACKUP + CARD.format(TRANSIENT)), NOTE, "QEMU unplugs network card 52:54:00:00:00:02"),
    "mdev": Row(domain(MDEV), DOUBTFUL, "mdev c2177883"),
    "USB": Row(domain(USB), DOUBTFUL, "the host device usb 046d:c52b; libvirt lets it pass"),
    "SCSI": Row(domain(SCSI), DOUBTFUL, "the host device scsi"),
    "capabilities": Row(domain(MISC), BLOCKED, "misc by mode=capabilities"),
    "virtiofs": Row(domain(VIRTIOFS.format("dir='/home'")), DOUBTFUL, "needs virtiofsd 1.11 or later"),
    "virtiofs, 10.4": Row(
        domain(VIRTIOFS.format("dir='/home'")), BLOCKED, "with libvirt 10.5 and QEMU 8.2 or later", here=NEWER
    ),
    "virtiofs by a socket": Row(domain(VIRTIOFS.format("socket='/run/v.sock'")), NOTE, "the virtiofsd at /run/v.sock"),
    "virtiofs by a socket, 10.4": Row(domain(VIRTIOFS.format("socket='/v'")), BLOCKED, "libvirt 10.5", here=NEWER),
    "virtiofs to an older libvirt": Row(domain(VIRTIOFS.format("dir='/home'")), DOUBTFUL, "1.11", OLDER_LIBVIRT),
    "virtiofs to an older QEMU": Row(domain(VIRTIOFS.format("dir='/home'")), BLOCKED, "QEMU 8.2", OLDER_QEMU),
    "virtiofs, folder missing": Row(
        domain(VIRTIOFS.format("dir='/srv/shared'")), BLOCKED, "/srv/shared of the VM does not exist on target."
    ),
    "9p": Row(domain(NINE_P), DOUBTFUL, "/srv/data by 9p; QEMU refuses to migrate while the guest has it mounted."),
    "shmem peer": Row(domain(SHMEM.format(" role='peer'")), BLOCKED, "shared memory shm0"),
    "shmem without a role": Row(domain(SHMEM.format("")), BLOCKED, "only with role=master"),
    "shmem master": Row(domain(SHMEM.format(" role='master'"))),
    "dimm of a VM that is off": Row(domain(DIMM.format(""))),
    "dimm without an address": Row(domain(DIMM.format(""), head=" id='3'"), BLOCKED, "lacks its slot or base address"),
    "dimm with an address": Row(domain(DIMM.format("<address type='dimm' slot='0' base='0x1'/>"), head=" id='3'")),
    "TPM": Row(domain(TPM.format("emulator", "version='2.0'>", ""))),
    "TPM of the host": Row(
        domain(TPM.format("passthrough", "><device path='/dev/tpm0'/>", "")), BLOCKED, "TPM of the host"
    ),
    "no swtpm there": Row(domain(TPM.format("emulator", ">", "")), BLOCKED, "swtpm is not installed on", NO_SWTPM),
    "TPM state on the share": Row(
        domain(TPM.format("emulator", STATE.format("/mnt/nfs/tpm"), "")), DOUBTFUL, "an older swtpm can't migrate"
    ),
    "invtsc": Row(domain(rest=INVTSC.format("require")), BLOCKED, "invtsc without a TSC frequency"),
    "invtsc off": Row(domain(rest=INVTSC.format("disable"))),
    "invtsc with a frequency": Row(domain(rest=INVTSC.format("require") + CLOCK)),
    "migratable=off": Row(
        domain(rest="<cpu mode='host-passthrough' check='none' migratable='off'/>"), DOUBTFUL, "migratable=off"
    ),
    "bridge of both": Row(domain(NIC.format("bridge", "bridge='br0'", ""))),
    "bridge of Open vSwitch": Row(domain(NIC.format("bridge", "bridge='eth0'", "<virtualport type='openvswitch'/>"))),
    "no such bridge": Row(
        domain(NIC.format("bridge", "bridge='br7'", "")), BLOCKED, "The bridge br7 is missing on target."
    ),
    "bridge, host unread": Row(
        domain(NIC.format("bridge", "bridge='br7'", "")), DOUBTFUL, "br7 is not known yet.", None
    ),
    "no such network": Row(domain(NIC.format("network", "network='lan'", "")), BLOCKED, "The network lan is missing"),
    "macvtap of both": Row(domain(NIC.format("direct", "dev='eth0' mode='bridge'", ""))),
    "no such card": Row(
        domain(NIC.format("direct", "dev='enp1s0'", "")), BLOCKED, "enp1s0, which target does not have"
    ),
    "macvtap, host unread": Row(
        domain(NIC.format("direct", "dev='eth7'", "")), DOUBTFUL, "needs one of that name", None
    ),
    "vDPA": Row(domain(NIC.format("vdpa", "dev='/dev/vhost-vdpa-0'", "")), DOUBTFUL, "vDPA device /dev/vhost-vdpa-0"),
    "vhost-user card": Row(
        domain(NIC.format("vhostuser", "type='unix' path='/tmp/vhost1.sock' mode='server'", "")), DOUBTFUL, "vhost-user"
    ),
    "tap of another program": Row(domain(NIC.format("ethernet", "", "")), DOUBTFUL, "(type=ethernet)"),
    "user network": Row(domain(NIC.format("user", "", "")), NOTE, "starts anew on target"),
    "jumbo frames": Row(
        domain(NIC.format("bridge", "bridge='br0'", MTU.format(9000))),
        DOUBTFUL,
        "an MTU of 9000; br0 on target has 1500, so packets are lost. Raise it there: ip link set br0 mtu 9000.",
    ),
    "jumbo frames of a network": Row(
        domain(NIC.format("network", "network='default' bridge='virbr0'", MTU.format(9000))),
        DOUBTFUL,
        "virbr0 on target",
    ),
    "same MTU": Row(domain(NIC.format("bridge", "bridge='br0'", MTU.format(1500)))),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_definition_is_judged_as_libvirt_does(row: Row) -> None:
    check(row)


def test_a_bridge_is_not_known_while_the_system_of_the_target_is_unread() -> None:
    bridges = "".join(NIC.format("bridge", f"bridge='{name}'", "") for name in ("br7", "br7", "br0"))
    there = replace(TARGET, facts=None)
    check(Row(domain(FILE + bridges), DOUBTFUL, "Whether target has the bridge br7 is not known yet.", there))


def test_an_unread_target_is_no_reason_against_a_network_or_a_machine_type() -> None:
    check(Row(domain(FILE + NIC.format("network", "network='lan'", ""), machine="new"), there=None, here=None))
