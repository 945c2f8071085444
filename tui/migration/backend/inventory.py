"""Reads the VMs of all hosts, so that a host without a reply delays those of no other."""

import asyncio
import time
from collections.abc import Callable, Mapping

from tui.core.aged import VMS, AgedFacts
from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.threads import retrieve
from tui.core.vm import Vm
from tui.vm.model.location import Inventory, LastSeen, VmOnHost

LATE_S = 5.0  # without a reply of a host that is not needed
SOON_S = 0.3  # before the VMs are shown without those of the hosts that have not replied

Replies = Mapping[str, "asyncio.Future[tuple[Vm, ...] | Failure]"]
Show = Callable[[Inventory], None]


async def inventory_of(
    connections: Connections, is_enough: Callable[[Inventory], bool] = lambda _inventory: False
) -> Inventory:
    """The VMs of all hosts, and why a host could not be read.

    A host that has not replied after a moment is not awaited if what is known `is_enough`.
    """
    reading = {host: _begin(connections, host) for host in connections.config.hypervisors}
    try:
        _, pending = await asyncio.wait(reading.values(), timeout=LATE_S)
        while pending and not is_enough(_inventory(reading, connections.facts)):
            _, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        return _inventory(reading, connections.facts)
    finally:
        for each in reading.values():
            each.cancel()


class HostVms:
    """Reads them again and again; a host that was late is not awaited before it has replied to that call."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._late: dict[str, asyncio.Future[tuple[Vm, ...] | Failure]] = {}  # a host that hangs has one call

    async def read(self, show: Show = lambda _inventory: None) -> Inventory:
        """The VMs of the hosts that reply within LATE_S, the others with a Failure.

        `show` gets what is known meanwhile, each time that it is more.
        """
        reading = {host: self._reading(host) for host in self._connections.config.hypervisors}
        awaited = {each for each in reading.values() if each not in self._late.values()}
        began, limit_s = time.monotonic(), SOON_S
        while pending := {each for each in awaited if not each.done()}:
            left_s = LATE_S - (time.monotonic() - began)
            if left_s <= 0:
                break
            await asyncio.wait(pending, timeout=min(limit_s, left_s), return_when=asyncio.FIRST_COMPLETED)
            if time.monotonic() - began >= SOON_S:
                limit_s = LATE_S
                show(_inventory(reading, self._connections.facts))
        self._late = {host: each for host, each in reading.items() if not each.done()}
        return _inventory(reading, self._connections.facts)

    def _reading(self, host: str) -> "asyncio.Future[tuple[Vm, ...] | Failure]":
        late = self._late.get(host)
        return late if late is not None and not late.done() else _begin(self._connections, host)


def _begin(connections: Connections, host: str) -> "asyncio.Future[tuple[Vm, ...] | Failure]":
    query = connections.query(host, lambda each: each.vms())
    reading = asyncio.ensure_future(or_failure(connections.facts.read(host, VMS, query)))
    reading.add_done_callback(retrieve)
    return reading


def _inventory(reading: Replies, facts: AgedFacts) -> Inventory:
    """What is known by now, and what hosts without an answer had before."""
    late = {host for host, each in reading.items() if not each.done()}
    replies = {host: _late(host) if host in late else each.result() for host, each in reading.items()}
    known = ((host, vms) for host, vms in replies.items() if not isinstance(vms, Failure))
    found = tuple(VmOnHost(vm, host) for host, vms in known for vm in vms)
    failures = {host: reply for host, reply in replies.items() if isinstance(reply, Failure)}
    silent, now = {host: facts.of(host, VMS) for host in failures}, facts.now()
    seen = {host: LastSeen(each.value or (), each.age_s(now)) for host, each in silent.items()}
    return Inventory(found, failures, tuple(reading), frozenset(late), seen)


def _late(host: str) -> Failure:
    return Failure(f"{host} has not replied yet", "its libvirt is busy, or can't be reached")
