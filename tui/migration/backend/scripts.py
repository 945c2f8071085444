"""Migrations as commands of virsh and as programs with libvirt-python, between the configured hosts."""

from typing import Any

from tui.core.connections import Connections
from tui.core.plan import Plan, possible
from tui.migration.model.call.migrate_call import CallOf
from tui.migration.model.call.recorded_script import recorded
from tui.migration.model.call.script import Script, planned
from tui.migration.model.timeline import Timeline


class Scripts:
    """Changes nothing and starts nothing; `call_of` is what the app calls for a plan."""

    def __init__(self, connections: Connections, call_of: CallOf) -> None:
        self._connections = connections
        self._config = connections.config
        self._call_of = call_of

    async def of_plan(self, plan: Plan, origin: str) -> Script:
        """What the app would call for a plan, from this host; raises the Failure of a host that does not reply."""
        daemon = await self._connections.query(origin, lambda each: each.daemon())
        plan = possible(self._config.addressed(plan, origin), daemon.hypervisor_version)
        hosts, target = self._config.hosts, self._config.target(origin, plan.to)
        return planned(plan, self._call_of(plan), hosts[origin].libvirt, hosts[target].peer_uri)

    def of_timeline(self, timeline: Timeline, origin: str) -> Script:
        """What the app has called for a migration from this host; Failure if another program started it."""
        hosts, targets = self._config.hosts, self._config.targets(origin)
        target = timeline.target or (targets[0] if len(targets) == 1 else "")
        here = hosts[origin].libvirt if origin in self._config.hypervisors else ""
        there = hosts[target].peer_uri if here and target in targets else ""
        return recorded(timeline, here, there, self._call_of)


def recorded_call(call_of: CallOf | None, plan: Plan, origin_uri: str, destination_uri: str) -> dict[str, Any]:
    """The fields of a start with the call that is made; none if `call_of` is None."""
    if call_of is None:
        return {}
    return {"call": {**call_of(plan).json, "origin_uri": origin_uri, "destination_uri": destination_uri}}
