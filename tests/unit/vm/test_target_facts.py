"""The facts of a host as a target, from what its script and its libvirt print."""

from dataclasses import replace

import pytest

from tests.fake_hosts import FakeHosts, guest1
from tests.unit.vm.cases import FACTS, FOLDER, GIB, SOURCE, TARGET, domain, offer
from tui.core.failure import Failure
from tui.core.vm import Vm
from tui.linux.sudo import Sudo
from tui.vm.backend import targets as backend
from tui.vm.backend.targets import Targets
from tui.vm.backend.vms import Vms
from tui.vm.model.host_facts import parse_facts
from tui.vm.model.maintenance import Mark
from tui.vm.model.offer import Offer
from tui.vm.model.target_facts import facts_of, free_bytes, needed_bytes
from tui.vm.model.targets import NOT_READ, TargetFacts

MORE = """\
subnet lo 127.0.0.1/8
subnet eth0 10.0.0.{host}/24
subnet virbr0 192.168.122.1/24
subnet br-0123456789ab 172.18.0.1/16
subnet eth0 fe80::1/64
load 1.50
share {folder} {server}:/export/my\\040images
"""


def offered(host: int = 10, server: str = "nas", net: str = "10.0.0") -> Offer:
    return offer(
        FACTS.format(host=host) + MORE.format(host=host, folder=FOLDER, server=server).replace("10.0.0", net), ()
    )


def facts(here: Offer | None = None, there: Offer | None = None) -> TargetFacts:
    return facts_of(domain(), (), here or offered(), there or offered(11), FOLDER)


def test_the_script_tells_subnets_load_and_shares() -> None:
    found = parse_facts(MORE.format(host=10, folder=FOLDER, server="nas"))
    assert found.subnets == {"10.0.0.0/24"}
    assert found.load == 1.5
    assert found.shares == {FOLDER: "nas:/export/my images"}


@pytest.mark.parametrize("line", ["subnet eth0", "subnet eth0 10.0.0.1/99", "load x", "load nan", "share /mnt", "load"])
def test_a_damaged_line_says_nothing(line: str) -> None:
    found = parse_facts(f"{line}\n")
    assert (found.subnets, found.load, found.shares) == (frozenset(), None, {})


def test_two_equal_hosts_have_everything_in_common() -> None:
    assert facts() == TargetFacts(
        (), free_bytes=32 * GIB, load=0.375, same_cpu=True, same_network=True, same_share=True
    )


@pytest.mark.parametrize(
    ("there", "changes"),
    [
        (offered(11, net="10.0.1"), {"same_network": False}),
        (offered(11, server="other"), {"same_share": False}),
        (replace(offered(11), facts=None), {"same_network": None, "same_share": None, "load": None}),
        (replace(offered(11), daemon=replace(TARGET.daemon, cpu_model="Opteron_G5")), {"same_cpu": False}),
        (replace(offered(11), daemon=replace(TARGET.daemon, cpu_model="")), {"same_cpu": None}),
        (
            replace(
                offered(11), vms=(Vm("a", "2", "paused", "migrating", 1, GIB), Vm("b", "3", "running", "", 1, GIB))
            ),
            {"coming_bytes": GIB},
        ),
    ],
)
def test_one_difference_is_one_fact(there: Offer, changes: dict[str, object]) -> None:
    assert facts(there=there) == replace(facts(), **changes)  # type: ignore[arg-type]


def test_without_a_share_on_the_host_of_the_vm_nothing_is_said_of_shares() -> None:
    assert facts(here=SOURCE).same_share is None


def test_a_host_that_cannot_be_read_and_one_that_was_not_yet_are_told_apart() -> None:
    assert facts_of(domain(), None, None, Failure("host3 is off"), FOLDER).against == ("host3 is off.",)
    assert facts_of(domain(), None, None, None, FOLDER).against == (NOT_READ,)


def test_a_vm_in_huge_pages_takes_nothing_of_the_memory_that_is_free() -> None:
    pages = "<memoryBacking><hugepages/></memoryBacking>"
    assert (needed_bytes(domain()), needed_bytes(domain(rest=pages))) == (GIB, 0)


def test_the_memory_that_the_kernel_can_free_counts_as_free() -> None:
    daemon = replace(TARGET.daemon, memory_free_bytes=GIB)
    assert free_bytes(replace(TARGET, daemon=daemon)) == 16 * GIB
    assert free_bytes(replace(TARGET, daemon=replace(daemon, memory_free_bytes=0), facts=None)) is None


def world(*more: str) -> FakeHosts:
    hosts = FakeHosts(more=more)
    hosts.source.known["guest1"] = guest1("running")
    return hosts


def targets(hosts: FakeHosts) -> Targets:
    return Targets(hosts.connections, Vms(hosts.connections, Sudo(hosts.connections.shell)))


async def test_the_hosts_are_read_and_ranked() -> None:
    hosts = world("host3", "host4")
    hosts.destination.offered_networks = ()
    hosts.further["host4"].failure = Failure("host4 is off")
    choice = await targets(hosts).choices("guest1", "source")
    assert [(each.host, each.fits) for each in choice.ranked] == [
        ("host3", True),
        ("host4", False),
        ("destination", False),
    ]
    assert choice.best == "host3"
    assert choice.why == "Only host3 can take it, as far as is known without host4."


async def test_a_host_that_hangs_is_ranked_as_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "LIMIT_S", 0.2)
    hosts = world("host3")
    hosts.further["host3"].released.clear()
    choice = await targets(hosts).choices("guest1", "source")
    hosts.further["host3"].released.set()
    assert choice.best == "destination"
    assert choice.ranked[-1].reasons[0].startswith("host3 has not replied within")


async def test_a_host_in_maintenance_is_not_chosen() -> None:
    ranking = targets(world("host3"))
    ranking.read_marks = lambda: {"destination": Mark("2026-11-29T12:30:00Z")}
    choice = await ranking.choices("guest1", "source")
    assert choice.best == "host3"
    assert choice.ranked[-1].reasons[0] == "destination is in maintenance since 2026-11-29 12:30 UTC"


async def test_where_no_host_fits_none_is_the_best() -> None:
    hosts = world()
    hosts.destination.offered_networks = ()
    choice = await targets(hosts).choices("guest1", "source")
    assert (choice.best, choice.why) == ("", "")


async def test_a_vm_that_has_gone_meanwhile_is_a_failure() -> None:
    with pytest.raises(Failure, match="web is not on source any more"):
        await targets(world()).choices("web", "source")
