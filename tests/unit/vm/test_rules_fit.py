"""The rules about what the target has, a definition for each row."""

from dataclasses import replace

import pytest

from tests.unit.vm.cases import DAEMON, GIB, SOURCE, TARGET, Row, check, domain
from tests.unit.vm.test_definitions import ROWS as DEFINITIONS
from tests.unit.vm.test_rules_devices import ROWS as DEVICES
from tests.unit.vm.test_rules_disks import ROWS as DISKS
from tui.core.vm import Vm
from tui.vm.model.blockers import RULES
from tui.vm.model.offer import Offer
from tui.vm.model.rules.rule import BLOCKED, DOUBTFUL, NOTE, Case

SKYLAKE = replace(TARGET, daemon=replace(DAEMON, cpu_model="Skylake"))
SMALL = replace(TARGET, daemon=replace(DAEMON, memory_free_bytes=GIB // 2, cpus=1), facts=None)
CACHED = replace(TARGET, daemon=replace(DAEMON, memory_free_bytes=GIB // 2))  # the rest is in caches
LIVE = "<cpu mode='custom' match='exact' check='full'><model fallback='forbid'>Westmere</model></cpu>"
LACKING = replace(TARGET, cpu_lacks={domain(rest=LIVE).cpu_xml: "erms, vaes"})
VNC = "<graphics type='vnc' port='{port}' autoport='{auto}' listen='{address}'>{listen}</graphics>"
ADDRESS = "<listen type='address' address='{0}'/>"
OS = "<os><type machine='pc-q35-6.2'>hvm</type>{}</os>"
NVRAM = "/var/lib/libvirt/qemu/nvram/a.fd"
LOADER = f"<loader readonly='yes' type='pflash'>{{}}</loader><nvram template='{{}}'>{NVRAM}</nvram>"
ANY = "0.0.0.0"  # noqa: S104 - in a definition
CODE, VARS = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
HUGE = "<memoryBacking><hugepages>{}</hugepages></memoryBacking>"
PAGE = "<page size='{}' unit='{}'/>"
PINNED = "<cputune><vcpupin vcpu='0' cpuset='{}'/></cputune>"
ENCRYPTED = (
    """<tpm model='tpm-crb'><backend type='emulator' version='2.0'><encryption secret='secret-1'/></backend></tpm>"""
)


def with_vm(name: str, uuid: str, state: str = "shut off", reason: str = "") -> Offer:
    return replace(TARGET, vms=(Vm(name, uuid, state, reason),))


def vnc(address: str, *, port: int = -1, auto: str = "yes", listen: str | None = None) -> str:
    listen = ADDRESS.format(address) if listen is None else listen
    return VNC.format(port=port, auto=auto, address=address, listen=listen)


ROWS = {
    "old machine type": Row(domain(machine="pc-q35-6.2")),
    "newer machine type": Row(
        domain(machine="pc-q35-noble"), BLOCKED, "does not support the machine type pc-q35-noble"
    ),
    "host CPU, same hosts": Row(domain(rest="<cpu mode='host-passthrough'/>")),
    "host CPU, other hosts": Row(
        domain(rest="<cpu mode='host-passthrough'/>"), DOUBTFUL, "EPYC here, Skylake on target", SKYLAKE
    ),
    "emulated CPU, other hosts": Row(replace(domain(rest="<cpu mode='maximum'/>"), kind="qemu"), there=SKYLAKE),
    "live CPU": Row(domain(rest=LIVE, head=" id='1'")),
    "live CPU with more features": Row(domain(rest=LIVE, head=" id='1'"), DOUBTFUL, "erms, vaes", LACKING),
    "spice": Row(
        domain("<graphics type='spice' autoport='yes'/>"), BLOCKED, "It has spice graphics, which QEMU on target"
    ),
    "spice, host unread": Row(domain("<graphics type='spice' autoport='yes'/>"), there=None),
    "qxl": Row(domain("<video><model type='qxl' ram='65536'/></video>"), BLOCKED, "It has qxl video"),
    "virtio video": Row(domain("<video><model type='virtio' heads='1' primary='yes'/></video>")),
    "no video": Row(domain("<video><model type='none'/></video>")),
    "usb redirection": Row(domain("<redirdev bus='usb' type='spicevmc'/>"), BLOCKED, "It redirects usb devices"),
    "vnc on any address": Row(domain(vnc(ANY))),
    "vnc on loopback": Row(domain(vnc("127.0.0.1"))),
    "vnc on the source's address": Row(
        domain(vnc("192.168.2.10")), BLOCKED, "Its VNC console listens on 192.168.2.10, which is no address of target."
    ),
    "vnc on another loopback address": Row(domain(vnc("127.0.1.1"))),
    "vnc on any IPv6 address": Row(domain(vnc("0:0::0"))),
    "vnc on an IPv6 address": Row(domain(vnc("2001:db8::1")), BLOCKED, "listens on 2001:db8::1"),
    "vnc on an address of both in other words": Row(domain(vnc("FE80:0::1"))),
    "vnc on a name": Row(domain(vnc("console.example.org")), DOUBTFUL, "console.example.org, which must be an address"),
    "vnc on an address of the target": Row(domain(vnc("192.168.2.11"))),
    "vnc on an address, host unread": Row(domain(vnc("192.168.2.10")), DOUBTFUL, "must be an address of target", None),
    "vnc by the old attribute": Row(domain(vnc("192.168.2.10", listen="")), BLOCKED, "listens on 192.168.2.10"),
    "vnc on the address of a network": Row(
        domain(vnc("192.168.2.10", listen="<listen type='network' address='192.168.2.10' network='default'/>"))
    ),
    "vnc without a listener": Row(domain(vnc("192.168.2.10", listen="<listen type='none'/>"))),
    "vnc on a port in use": Row(domain(vnc(ANY, port=5850, auto="no")), BLOCKED, "port 5850, which is in use"),
    "vnc on a free port": Row(domain(vnc(ANY, port=5955, auto="no"))),
    "vnc on a port that libvirt chose": Row(domain(vnc(ANY, port=5850))),
    "UEFI": Row(domain(rest=OS.format(LOADER.format(CODE, VARS)))),
    "own UEFI": Row(
        domain(rest=OS.format(LOADER.format("/opt/own/CODE.fd", VARS))),
        BLOCKED,
        "It uses the firmware /opt/own/CODE.fd, which target does not have.",
    ),
    "other UEFI": Row(
        domain(rest=OS.format(LOADER.format("/boot/other", VARS))),
        BLOCKED,
        "the firmware /boot/other, whose size differs: 10 bytes here, 20 bytes on target.",
    ),
    "own variables on the share": Row(
        domain(rest=OS.format(LOADER.format(CODE, "/opt/own/CODE.fd").replace("/var/lib/libvirt", "/mnt/nfs")))
    ),
    "own variables": Row(
        domain(rest=OS.format(LOADER.format(CODE, "/opt/own/CODE.fd"))), BLOCKED, "uses the template /opt/own/CODE.fd"
    ),
    "own variables that are there": Row(
        domain(rest=OS.format(LOADER.format(CODE, "/opt/own/CODE.fd").replace(NVRAM, "/nvram/there.fd")))
    ),
    "variables of another size": Row(
        domain(rest=OS.format(LOADER.format(CODE, VARS).replace(NVRAM, "/nvram/other.fd"))),
        BLOCKED,
        "The file of its UEFI variables, /nvram/other.fd, has 10 bytes here and 20 bytes on target",
    ),
    "variables of another size in qcow2": Row(
        domain(
            rest=OS.format(
                LOADER.format(CODE, VARS).replace(NVRAM, "/nvram/other.fd").replace("<nvram ", "<nvram format='qcow2' ")
            )
        )
    ),
    "UEFI, host unread": Row(domain(rest=OS.format(LOADER.format(CODE, VARS))), there=None),
    "automatic UEFI": Row(domain(rest="<os firmware='efi'><type machine='q35'>hvm</type></os>")),
    "kernel of both": Row(domain(rest=OS.format("<kernel>/boot/both</kernel>"))),
    "kernel that differs": Row(
        domain(rest=OS.format("<kernel>/boot/other</kernel>")), NOTE, "It boots from /boot/other, whose size differs"
    ),
    "kernel, host unread": Row(
        domain(rest=OS.format("<kernel>/boot/vmlinuz</kernel>")), DOUBTFUL, "not on the shared folder", None
    ),
    "kernel on the share": Row(domain(rest=OS.format("<initrd>/mnt/nfs/initrd</initrd>"))),
    "pinned": Row(domain(rest=PINNED.format("0-3,^2"))),
    "pinned to a CPU it lacks": Row(
        domain(rest=PINNED.format("63")), BLOCKED, "It pins vCPU 0 to the CPUs 63; target has none of them."
    ),
    "pinned to some it lacks": Row(domain(rest=PINNED.format("2-5")), DOUBTFUL, "of which target has only some"),
    "emulator pinned": Row(
        domain(rest="<cputune><emulatorpin cpuset='8'/></cputune>"), BLOCKED, "It pins QEMU to the CPUs 8"
    ),
    "NUMA node": Row(domain(rest="<numatune><memory mode='strict' nodeset='0'/></numatune>")),
    "NUMA node it lacks": Row(
        domain(rest="<numatune><memory mode='restrictive' nodeset='0-1'/></numatune>"),
        BLOCKED,
        "NUMA nodes 0-1; target has 0.",
    ),
    "huge pages": Row(
        domain(rest=HUGE.format("")), BLOCKED, "1.0 GiB of huge pages (2048 KiB), and target has 512 MiB of them free."
    ),
    "huge pages of 1 GiB": Row(domain(rest=HUGE.format(PAGE.format(1, "G"))), BLOCKED, "(1048576 KiB)"),
    "huge pages, host unread": Row(domain(rest=HUGE.format("")), there=None),
    "little memory": Row(
        replace(domain(), vcpus=1), DOUBTFUL, "It has 1.0 GiB of memory, and target has 512 MiB free", SMALL
    ),
    "memory in caches": Row(domain(), there=CACHED),
    "few CPUs": Row(replace(domain(), vcpus=20), NOTE, "target has only 16 CPUs for its 20 vCPUs."),
    "stranger of that name": Row(
        replace(domain(), uuid="u-1"), BLOCKED, "target has another VM of that name (UUID u-9)", with_vm("vm 1", "u-9")
    ),
    "same UUID under another name": Row(
        replace(domain(), uuid="u-1"), BLOCKED, "the same UUID under the name other", with_vm("other", "u-1")
    ),
    "the VM on both": Row(
        replace(domain(), uuid="u-1"), BLOCKED, "It runs on target, too; two VMs on", with_vm("vm 1", "u-1", "running")
    ),
    "the VM arrives": Row(replace(domain(), uuid="u-1"), there=with_vm("vm 1", "u-1", "paused", "migrating")),
    "leftover of an earlier migration": Row(replace(domain(), uuid="u-1"), there=with_vm("vm 1", "u-1")),
    "no secret": Row(domain(ENCRYPTED), BLOCKED, "by the secret secret-1, which target does not have."),
    "secret": Row(domain(ENCRYPTED), there=SOURCE),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_definition_is_judged_by_what_the_target_has(row: Row) -> None:
    check(row)


def test_each_rule_has_a_definition_that_it_finds_and_many_that_it_does_not() -> None:
    cases = [
        Case(row.vm, "/mnt/nfs", "target", row.there, row.here)
        for row in (*DISKS.values(), *DEVICES.values(), *ROWS.values(), *DEFINITIONS.values())
    ]
    for rule in RULES:
        found = [bool(rule.judge(case)) for case in cases]
        assert any(found), rule.sentence
        assert not all(found), rule.sentence


def test_blockers_come_first_and_notes_last() -> None:
    found = Row(replace(domain(vnc("192.168.2.10"), rest=PINNED.format("2-5")), vcpus=20)).found()
    assert [each.level for each in found] == [BLOCKED, DOUBTFUL, NOTE]
