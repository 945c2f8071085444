"""Moves the definition of a VM that is off: libvirt's offline migration."""

from tui.core.connections import Connections
from tui.core.plan import Plan
from tui.core.settings import OTHER
from tui.migration.backend.preflight import checked


async def move_definition(connections: Connections, plan: Plan, expected: str) -> str:
    """Check and move it; returns what is so now. Raises Refused or Moved as the start of a migration does."""
    plan = Plan(plan.vm, dname=plan.dname, undefinesource=plan.undefinesource)  # nothing else applies
    found, _ = await checked(connections, plan, expected, offline=True)
    origin, target = found.host, OTHER[found.host]
    uri = connections.config.hosts[target].peer_uri
    await connections.command(origin, lambda hypervisor: hypervisor.move_definition(plan, uri))
    left = f"and no longer on {origin}" if plan.undefinesource else f"and on {origin}, too: start only one of them"
    name = f"{plan.vm} is defined on {target}" + (f" as {plan.dname}" if plan.dname else "")
    return f"{name}, shut off, {left}. Its disks were not copied: {target} must have them."
