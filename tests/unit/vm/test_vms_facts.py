"""What is read of the VMs and of both hosts for the rules."""

import pytest

from tests.fake_hosts import SHARED, FakeHosts, guest1
from tui.core.failure import Failure
from tui.core.vm import Inventory, Vm, VmFacts
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import Domain
from tui.vm.model.offer import Offer

LOCAL = "/local/a.img"
CPU = "<cpu mode='custom'><model>Westmere</model></cpu>"
READ = "net br0 9000 bridge\nnet eth0 1500 card\nfile missing 0 - - /local/a.img\n"
AWAY = Failure("The snapshots could not be read", "it is busy")


@pytest.fixture
def world() -> FakeHosts:
    made = FakeHosts()
    definition = made.source.definition("guest1").replace(f"{SHARED}/guest1.qcow2", LOCAL)
    made.source.definitions["guest1"] = definition.replace('<domain type="', '<domain id="1" type="').replace(
        "<devices>", f"{CPU}<devices>"
    )
    made.source.calls.clear()
    made.shells["root@destination"].answers = {"/sys/class/net": READ}
    return made


async def domain(vms: Vms) -> Domain:
    (listed,) = (await vms.listing()).answers["source"]
    assert isinstance(listed.domain, Domain)
    return listed.domain


async def test_a_vm_is_read_with_its_snapshots_and_block_jobs(world: FakeHosts) -> None:
    world.source.facts["guest1"] = VmFacts(("s1",), (("vda", "copy"),))
    found = await domain(Vms(world.connections, world.changes.sudo))
    assert (found.snapshots, found.jobs, found.unread) == (("s1",), (("vda", "copy"),), "")


async def test_a_vm_whose_snapshots_can_not_be_read_keeps_its_definition(world: FakeHosts) -> None:
    world.source.refusals["vm_facts guest1"] = AWAY
    found = await domain(Vms(world.connections, world.changes.sudo))
    assert (found.name, found.unread) == ("guest1", str(AWAY))


async def test_an_arriving_vm_is_not_asked(world: FakeHosts) -> None:
    world.source.known["guest1"] = guest1("paused", "migrating")
    await Vms(world.connections, world.changes.sudo).listing()
    assert not any("guest1" in call for call in world.source.calls)


async def test_a_host_is_asked_once_about_what_the_listed_vms_need(world: FakeHosts) -> None:
    vms = Vms(world.connections, world.changes.sudo)
    known = await domain(vms)
    world.destination.listed = Inventory(("<pool type='dir'><name>p</name></pool>",), ("uuid-1",), "")
    world.destination.lacking[known.cpu_xml] = "erms"
    world.destination.known["web"] = Vm("web", "uuid-2", "shut off")
    found = await vms.offer("destination")
    assert isinstance(found, Offer)
    assert found.facts is not None
    assert [each.name for each in found.vms] == ["web"]
    assert (found.bridges, found.facts.mtus) == (("br0",), {"br0": 9000, "eth0": 1500})
    assert not found.facts.files[LOCAL].exists
    assert (list(found.inventory.pools), found.inventory.secrets) == (["p"], {"uuid-1"})
    assert found.cpu_lacks == {known.cpu_xml: "erms"}
    (asked,) = world.shells["root@destination"].commands
    assert asked[3:] == ("sh", LOCAL)


async def test_a_daemon_that_lists_and_compares_nothing_still_has_an_offer(world: FakeHosts) -> None:
    vms = Vms(world.connections, world.changes.sudo)
    await vms.listing()
    world.destination.refusals |= {"inventory": AWAY, "cpu_lacks kvm": AWAY, "cpu_lacks qemu": AWAY}
    found = await vms.offer("destination")
    assert isinstance(found, Offer)
    assert (found.inventory.pools, found.cpu_lacks) == ({}, {})


async def test_a_login_that_can_not_run_the_script_shows_nothing_of_the_system(world: FakeHosts) -> None:
    world.shells["root@destination"].answers = {"/sys/class/net": "This account is currently not available.\n"}
    found = await Vms(world.connections, world.changes.sudo).offer("destination")
    assert isinstance(found, Offer)
    assert (found.facts, found.bridges) == (None, ())
