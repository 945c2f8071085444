"""A VM that nothing blocks, and what two hosts have in common; the rules have tests of their own."""

from dataclasses import replace

import pytest

from tests.unit.vm.test_domain import SHAPES
from tui.core.vm import Daemon
from tui.vm.model.blockers import blockers
from tui.vm.model.domain import parse
from tui.vm.model.domain_xml import domain_xml
from tui.vm.model.offer import Offer, machine_of_both, shared_networks, too_much
from tui.vm.model.rules.rule import on_shared

GIB = 1 << 30
FOLDER = "/var/lib/libvirt-img/images"
DAEMON = Daemon("test:///", "host", "uuid", (11, 3, 0), (10, 0, 2), 16, "EPYC", 64 * GIB, 32 * GIB)
OFFER = Offer(DAEMON, ("pc-q35-6.2", "q35", "pc-q35-10.0"), ("default",), ("br0", "virbr0"))


def test_nothing_blocks_the_migration_of_a_vm_that_the_app_created() -> None:
    for name in ("image", "cloud"):
        assert blockers(parse(domain_xml(SHAPES[name])), FOLDER, "destination", OFFER, OFFER) == ()


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
