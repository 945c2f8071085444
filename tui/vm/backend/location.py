"""Reads from both hosts at once where a VM is."""

import asyncio

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.settings import HYPERVISORS
from tui.core.vm import Vm
from tui.vm.model.location import VmPlacement


async def placement(connections: Connections, name: str) -> VmPlacement:
    """The placement of a VM; a host that can't be read has a Failure in it."""
    found = await asyncio.gather(*(_on(connections, host, name) for host in HYPERVISORS))
    return VmPlacement(name, dict(zip(HYPERVISORS, found, strict=True)))


async def _on(connections: Connections, host: str, name: str) -> Vm | Failure | None:
    """The VM on one host; None if it has no VM of that name, a Failure if it can't be read."""
    try:
        return await connections.query(host, lambda hypervisor: hypervisor.vm(name))
    except Failure as failure:
        return failure
