"""Reads what the VMs of each host use, with one call per host."""

import time
from collections.abc import Mapping

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.vm.model.use import Reading, Use, uses


class VmUses:
    """The newest reading of each host is kept, because a rate needs two."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._before: dict[str, Reading] = {}  # by host

    async def on(self, host: str) -> Mapping[str, Use]:
        """By name what the running VMs of a host use; empty if the host can't be read."""

        def read(hypervisor: Hypervisor) -> Reading:
            return Reading(vms=hypervisor.vm_counters(), at_s=time.monotonic())

        try:
            now = await self._connections.query(host, read)
        except Failure:  # the list of VMs shows the same failure
            self._before.pop(host, None)
            return {}
        before, self._before[host] = self._before.get(host, Reading()), now
        return uses(before, now)
