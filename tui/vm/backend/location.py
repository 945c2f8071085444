"""Reads from both hosts at once where a VM is."""

import asyncio

from tui.core.connections import Connections
from tui.core.failure import or_failure
from tui.core.settings import HYPERVISORS
from tui.vm.model.location import VmPlacement


async def placement(connections: Connections, name: str) -> VmPlacement:
    """The placement of a VM; a host that can't be read has a Failure in it."""
    queries = (connections.query(host, lambda hypervisor: hypervisor.vm(name)) for host in HYPERVISORS)
    found = await asyncio.gather(*map(or_failure, queries))
    return VmPlacement(name, dict(zip(HYPERVISORS, found, strict=True)))
