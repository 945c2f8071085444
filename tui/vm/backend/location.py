"""Reads from all hosts at once where a VM is."""

from tui.core.connections import Connections
from tui.core.failure import Failure, or_failure
from tui.core.together import together
from tui.core.vm import Vm
from tui.vm.model.location import VmPlacement


async def placement(connections: Connections, name: str) -> VmPlacement:
    """The placement of a VM; a host that can't be read has a Failure in it."""

    async def on(host: str) -> Vm | Failure | None:
        return await or_failure(connections.query(host, lambda hypervisor: hypervisor.vm(name), name))

    hosts = connections.config.hypervisors
    found = await together(*map(on, hosts))
    return VmPlacement(name, dict(zip(hosts, found, strict=True)))
