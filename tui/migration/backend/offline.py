"""Moves the definition of a VM that is off: libvirt's offline migration, and its autostart with it."""

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import Plan
from tui.migration.backend.before.preflight import checked


async def move_definition(connections: Connections, plan: Plan, expected: str) -> str:
    """Check and move it; returns what is so now. Raises Refused or Moved as the start of a migration does."""
    # Nothing else applies: libvirt sends no memory, and the persistent definition is the only one.
    plan = Plan(plan.vm, to=plan.to, dname=plan.dname, xml=plan.xml, undefinesource=plan.undefinesource)
    found, _ = await checked(connections, plan, expected, offline=True)
    origin, target = found.host, connections.config.target(found.host, plan.to)
    uri = connections.config.hosts[target].peer_uri
    autostart = plan.undefinesource and await _autostart(connections, plan.vm, origin)
    await connections.command(origin, lambda hypervisor: hypervisor.move_definition(plan, uri))
    left = f"and no longer on {origin}" if plan.undefinesource else f"and on {origin}, too: start only one of them"
    name = f"{plan.vm} is defined on {target}" + (f" as {plan.dname}" if plan.dname else "")
    kept = await _set_autostart(connections, plan.dname or plan.vm, target) if autostart else ""
    return f"{name}, shut off, {left}. Its disks were not copied: {target} must have them.{kept}"


async def _autostart(connections: Connections, vm: str, origin: str) -> bool:
    """Whether the VM starts with its host; a move drops that. False if it is unknown."""
    try:
        return await connections.query(origin, lambda hypervisor: hypervisor.autostart(vm))
    except Failure as failure:
        log.info("The autostart of %s is unknown: %s", vm, failure)
        return False


async def _set_autostart(connections: Connections, vm: str, target: str) -> str:
    """Why it does not start with its new host, as a further sentence; "" if it does."""
    try:
        await connections.command(target, lambda hypervisor: hypervisor.set_autostart(vm, True))
    except Failure as failure:
        return f" It does not start with {target}: {failure.reason}."
    return ""
