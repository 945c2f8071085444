"""What blocks a migration, one definition per reason, and what two hosts have in common."""

from dataclasses import replace

import pytest

from tests.unit.vm.test_domain import SHAPES
from tui.core.vm import Daemon
from tui.vm.model.blockers import blockers, is_shared, on_shared
from tui.vm.model.domain import Disk, Domain, Nic, parse
from tui.vm.model.domain_xml import domain_xml
from tui.vm.model.offer import Offer, machine_of_both, shared_networks, too_much

GIB = 1 << 30
FOLDER = "/var/lib/libvirt-img/images"
DAEMON = Daemon("test:///", "host", "uuid", (11, 3, 0), (10, 0, 2), 16, "EPYC", 64 * GIB, 32 * GIB)
OFFER = Offer(DAEMON, ("pc-q35-6.2", "q35", "pc-q35-10.0"), ("default",), ("br0", "virbr0"))
GOOD = Domain("a", machine="pc-q35-6.2", disks=(Disk("vda", f"{FOLDER}/a.qcow2", format="qcow2", cache="none"),))


def test_nothing_blocks_the_migration_of_a_vm_that_the_app_created() -> None:
    for name in ("image", "cloud"):
        assert blockers(parse(domain_xml(SHAPES[name])), FOLDER, "destination", OFFER, OFFER) == ()


@pytest.mark.parametrize(
    ("domain", "doubt", "words"),
    [
        (replace(GOOD, host_devices=("pci 0000:3b:00.0",)), False, "uses the host device pci 0000:3b:00.0"),
        (replace(GOOD, host_folders=("/home",)), False, "uses the host folder /home"),
        (
            replace(GOOD, disks=(Disk("vda", "/local/a.img", cache="none"),)),
            False,
            "Disk vda is /local/a.img, which is not",
        ),
        (replace(GOOD, disks=(Disk("vda", "/dev/vg/a", "block", cache="none"),)), False, "Disk vda is /dev/vg/a"),
        (
            replace(GOOD, disks=(Disk("vda", f"{FOLDER}/a", cache="none", backing=("/base.img",)),)),
            False,
            "Disk vda is based on /base.img",
        ),
        (
            replace(GOOD, disks=(Disk("sda", "/iso/x.iso", device="cdrom", readonly=True),)),
            False,
            "Eject it.",
        ),
        (replace(GOOD, disks=(Disk("fda", "/f.img", device="floppy"),)), False, "Floppy fda is /f.img"),
        (replace(GOOD, disks=(Disk("vda", f"{FOLDER}/a"),)), True, "QEMU's default cache (writeback)"),
        (replace(GOOD, disks=(Disk("vda", f"{FOLDER}/a", cache="unsafe"),)), True, "cache=unsafe"),
        (replace(GOOD, boot_files=("/boot/vmlinuz",)), True, "It boots from /boot/vmlinuz"),
        (replace(GOOD, nics=(Nic("bridge", "br7"),)), False, "The bridge br7 is missing on destination."),
        (replace(GOOD, nics=(Nic("network", "lan"),)), False, "The network lan is missing on destination."),
        (replace(GOOD, nics=(Nic("hostdev"),)), False, "network card of the host"),
        (replace(GOOD, nics=(Nic("direct", "eth7"),)), True, "destination needs one of that name"),
        (replace(GOOD, machine="pc-q35-11.0"), False, "destination does not support the machine type pc-q35-11.0"),
    ],
)
def test_each_reason_is_a_sentence(domain: Domain, doubt: bool, words: str) -> None:
    (found,) = blockers(domain, FOLDER, "destination", OFFER, OFFER)
    assert words in found.text
    assert found.doubt == doubt


def test_a_host_cpu_blocks_only_between_hosts_with_different_cpus() -> None:
    domain, other = replace(GOOD, cpu="host-passthrough"), replace(OFFER, daemon=replace(DAEMON, cpu_model="Skylake"))
    assert blockers(domain, FOLDER, "destination", OFFER, OFFER) == ()
    (found,) = blockers(domain, FOLDER, "destination", other, OFFER)
    assert "EPYC here, Skylake on destination" in found.text


def test_an_unknown_offer_of_the_target_blocks_nothing() -> None:
    domain = replace(GOOD, machine="new", nics=(Nic("bridge", "br7"),), cpu="host-passthrough")
    assert blockers(domain, FOLDER, "destination", None, None) == ()


@pytest.mark.parametrize(
    ("disk", "shared"),
    [
        (Disk("vda", f"{FOLDER}/a"), True),
        (Disk("vda", f"{FOLDER}/deeper/a"), True),
        (Disk("vda", f"{FOLDER}-2/a"), False),
        (Disk("vda", f"{FOLDER}/../other/a"), False),
        (Disk("sda", "", device="cdrom"), True),
        (Disk("vda", "pool/a", "network"), True),
        (Disk("vda", "v", "volume"), False),
    ],
)
def test_a_disk_is_shared_if_both_hosts_can_open_it(disk: Disk, shared: bool) -> None:
    assert is_shared(disk, FOLDER) == shared


def test_the_shared_folder_is_compared_by_its_parts() -> None:
    assert on_shared(f"{FOLDER}//a", f"{FOLDER}/")
    assert not on_shared("relative", FOLDER)


# -- what both hosts offer --


def test_the_machine_type_is_the_newest_in_common() -> None:
    older = replace(OFFER, machines=("pc-q35-6.2", "q35"))
    assert machine_of_both([OFFER, older]) == "pc-q35-6.2"
    assert machine_of_both([OFFER]) == "pc-q35-10.0"
    assert machine_of_both([OFFER, replace(OFFER, machines=())]) == ""
    assert machine_of_both([]) == ""


def test_bridges_come_before_networks_and_foreign_bridges_are_left_out() -> None:
    here = Offer(DAEMON, (), ("zoo", "default"), ("docker0", "br-0123456789ab", "virbr0", "br0", "br1"))
    assert here.usable_networks == (("bridge", "br0"), ("bridge", "br1"), ("network", "default"), ("network", "zoo"))
    assert shared_networks([here, OFFER]) == (("bridge", "br0"), ("network", "default"))


@pytest.mark.parametrize(
    ("vcpus", "memory", "words"),
    [
        (17, GIB, "17 vCPUs are too many for source: it has 16 CPUs"),
        (9, GIB, "9 vCPUs are too many for destination: it has 8 CPUs"),
        (4, 65 * GIB, "65.0 GiB of memory is too much for source: it has 64.0 GiB, 32.0 GiB of it free"),
        (4, 40 * GIB, "40.0 GiB of memory is too much for destination: it has 32.0 GiB"),
    ],
)
def test_a_vm_too_large_for_a_host_is_refused_with_the_numbers(vcpus: int, memory: int, words: str) -> None:
    smaller = replace(OFFER, daemon=replace(DAEMON, cpus=8, memory_bytes=32 * GIB))
    refusal = too_much({"source": OFFER, "destination": smaller}, vcpus, memory)
    assert words in str(refusal)
    assert too_much({"source": OFFER, "destination": smaller}, 8, 8 * GIB) is None
