"""What a person can do for a VM that has moved, on whichever host it runs."""

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.guest.backend.clock import GuestClocks
from tui.guest.model.clock import ClockSet, GuestClock
from tui.migration.model.after_move import Announcing
from tui.vm.backend.location import placement
from tui.vm.model.domain import parse


class AfterMove:
    """Announces a VM's network cards, and sets its clock."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._clocks = GuestClocks(connections)

    async def announcing(self, name: str) -> Announcing:
        """How the VM can be announced, or why not; Failure if its host does not respond."""
        where = await placement(self._connections, name)
        if where.vm is None or not where.vm.running:
            return Announcing(name, where.host, why_not=f"{name} can't be announced: {where.sentence}.")
        host = where.host

        def read(hypervisor: Hypervisor) -> Announcing:
            version = ".".join(map(str, hypervisor.daemon().libvirt_version))
            if not parse(hypervisor.definition(name)).nics:
                return Announcing(name, host, why_not=f"{name} has no network card to announce.")
            by = hypervisor.announce_by()
            why = f"libvirt {version} on {host} can't announce a VM, and neither can its hypervisor." if not by else ""
            return Announcing(name, host, by, version, why)

        return await self._connections.query(host, read)

    async def announce(self, how: Announcing) -> str:
        """Announce the VM; returns a sentence, raises Failure."""
        if how.why_not:
            raise Failure(how.why_not.rstrip("."))
        await self._connections.command(how.host, lambda hypervisor: hypervisor.announce(how.name, how.by))
        return how.done

    async def clock(self, name: str) -> GuestClock:
        """The guest's clock against that of its host; Failure without a running guest agent."""
        return await self._clocks.compare(name)

    async def set_clock(self, name: str) -> ClockSet:
        """Set the guest's clock to that of its host; Failure if it could not be set."""
        return await self._clocks.set(name)
