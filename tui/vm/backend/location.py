"""Where a VM is at the moment: both hosts are asked, side by side."""

import asyncio

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.settings import HYPERVISORS
from tui.core.vm import Vm
from tui.vm.model.location import VmPlacement


async def placement(connections: Connections, name: str) -> VmPlacement:
    """What the hosts say of a VM; one that can't be asked is an answer, too."""
    found = await asyncio.gather(*(_on(connections, host, name) for host in HYPERVISORS))
    return VmPlacement(name, dict(zip(HYPERVISORS, found, strict=True)))


async def _on(connections: Connections, host: str, name: str) -> Vm | Failure | None:
    """What one host says of it: None where it knows none of that name, the Failure where it can't be asked."""
    try:
        return await connections.query(host, lambda hypervisor: hypervisor.vm(name))
    except Failure as failure:
        return failure
