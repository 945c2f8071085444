"""What each migration of a plan costs: what it sends, and how fast its link is, as far as anything shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.protocols import MemoryUse
from tui.core.quantity import MIB
from tui.core.threads import on_thread
from tui.core.together import together
from tui.core.vm import Vm
from tui.forecast.backend.earlier_runs import earlier_in, newest
from tui.forecast.model.first_pass import InUse
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import LinkFacts, Way, scanning, way_of
from tui.queue.model.plan import Cost

USE_LIMIT_S = 5.0
SENT_TWICE = 2.0  # at most: what pre-copy has sent and the VM has dirtied since, post-copy sends once more


@dataclass(frozen=True)
class Journey:
    """One VM that goes from a host to another; `hostnames` are those of the two, by which runs are found."""

    vm: Vm
    origin: str
    hostnames: tuple[str, str]
    plan: Plan
    emulated: bool


async def costs(connections: Connections, runs: Path, journeys: Sequence[Journey]) -> list[Cost]:
    """The cost of each; without a rate if no earlier run shows how fast its link is."""
    of_vms = {each.vm.uuid: each for each in journeys}
    uses = await together(*(_use(connections, each) for each in of_vms.values()))
    return await on_thread(_costs, runs, journeys, dict(zip(of_vms, uses, strict=True)))


async def _use(connections: Connections, journey: Journey) -> MemoryUse:
    name = journey.vm.name
    try:
        return await connections.query(journey.origin, lambda each: each.memory_use(name), name, limit_s=USE_LIMIT_S)
    except Failure as failure:
        log.info("The memory in use of %s is unknown: %s", name, failure)
        return MemoryUse(None, None)


def _costs(runs: Path, journeys: Sequence[Journey], uses: Mapping[str, MemoryUse]) -> list[Cost]:
    known = list(newest(runs))  # each VM and each link is looked up once, because every VM may go to every host
    ways = {_way(each) for each in journeys}
    links = {(names, way): earlier_in(known, *names, "").link(way) for names, way in ways}
    sent = {uuid: earlier_in(known, "", "", uuid).first for uuid in uses}
    found = []
    for each in journeys:
        in_use = InUse(each.vm.memory_bytes, uses[each.vm.uuid], sent[each.vm.uuid], each.emulated)
        found.append(_cost(each, links[_way(each)], in_use))
    return found


def _way(journey: Journey) -> tuple[tuple[str, str], Way]:
    return journey.hostnames, way_of(vars(journey.plan))


def _cost(journey: Journey, link: LinkFacts, in_use: InUse) -> Cost:
    first = in_use.first(0.0)
    sent = Interval(first.low, first.likely, SENT_TWICE * first.high)
    setup_s = link.setup_s + scanning(max(0.0, journey.vm.memory_bytes - first.likely))
    return Cost(sent, link.bandwidth, setup_s, journey.plan.bandwidth_mib_s * MIB)
