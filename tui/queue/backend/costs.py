"""What each migration of a plan costs: what it sends, and how fast its link is, as far as anything shows it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.core.protocols import MemoryUse
from tui.core.quantity import MIB
from tui.core.threads import on_thread
from tui.core.vm import Vm
from tui.forecast.backend.earlier_runs import earlier_in, newest
from tui.forecast.model.first_pass import InUse
from tui.forecast.model.interval import Interval
from tui.forecast.model.link import scanning, way_of
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


async def costs(connections: Connections, runs: Path, journeys: Sequence[Journey]) -> list[Cost | None]:
    """The cost of each; None if neither an earlier run nor a limit shows how fast its link is."""
    uses = await asyncio.gather(*(_use(connections, each) for each in journeys))
    return await on_thread(_costs, runs, journeys, uses)


async def _use(connections: Connections, journey: Journey) -> MemoryUse:
    name = journey.vm.name
    try:
        return await connections.query(journey.origin, lambda each: each.memory_use(name), name, limit_s=USE_LIMIT_S)
    except Failure as failure:
        log.info("The memory in use of %s is unknown: %s", name, failure)
        return MemoryUse(None, None)


def _costs(runs: Path, journeys: Sequence[Journey], uses: Sequence[MemoryUse]) -> list[Cost | None]:
    known = list(newest(runs))
    return [_cost(known, each, use) for each, use in zip(journeys, uses, strict=True)]


def _cost(runs: Sequence[tuple[Path, Mapping[str, Any]]], journey: Journey, use: MemoryUse) -> Cost | None:
    vm = journey.vm
    found = earlier_in(runs, *journey.hostnames, vm.uuid)
    link = found.link(way_of(vars(journey.plan)))
    rate = link.limited(journey.plan.bandwidth_mib_s * MIB)
    if rate is None:
        return None
    first = InUse(vm.memory_bytes, use, found.first, journey.emulated).first(0.0)
    sent = Interval(first.low, first.likely, SENT_TWICE * first.high)
    return Cost(sent, rate[0], link.setup_s + scanning(max(0.0, vm.memory_bytes - first.likely)))
