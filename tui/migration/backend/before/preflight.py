"""The checks before a migration: all known reasons against it, before libvirt is asked to start it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tui.core.connections import REPLY_LIMIT_S, Connections
from tui.core.failure import Failure
from tui.core.host_words import none_of
from tui.core.log import log
from tui.core.plan import Plan, refuse
from tui.core.protocols import MIGRATION_OUT, Hypervisor, JobInfo, Stat
from tui.core.settings import Config
from tui.core.vm import Daemon
from tui.migration.backend.inventory import inventory_of
from tui.migration.model.call.gate import Case, refusals
from tui.vm.model.location import Inventory, VmOnHost, taken
from tui.vm.model.xml_tree import tree_of

LIMITS_S = 5.0  # for reading the maximum downtime, which is only shown


class Refused(Failure):
    """A plan that was not started; its text is that of the first of `failures`."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        first = failures[0]
        super().__init__(first.what, first.why, first.hint, detail=first.detail)
        self.failures = failures


class BeingMigrated(Failure):
    """A migration of the VM is under way already."""


class Moved(Failure):
    """The VM is not on the host that the user saw, or is where it should go; `inventory` has its host now."""

    def __init__(self, failure: Failure, inventory: Inventory) -> None:
        super().__init__(failure.what, failure.why, failure.hint)
        self.inventory = inventory


async def checked(
    connections: Connections, plan: Plan, expected: str = "", *, offline: bool = False
) -> tuple[VmOnHost, Daemon]:
    """The VM of `plan` on the host it starts from, and the daemon there; with `offline`, one that has to be off.

    Raises Refused with all known reasons against the migration, Moved if the VM is not on the host `expected` or is on
    the one that it should go to.
    """
    inventory = await inventory_of(connections, lambda known: _is_enough(connections.config, plan, known))
    origin = inventory.origin(plan.vm)
    if origin is None:
        raise _not_found(plan.vm, inventory)
    vm = origin.vm
    if await _is_migrating(connections, plan.vm, inventory):
        hint = "vmlm-tui follows it in a few seconds, unless it does so under a configuration with other hosts."
        raise BeingMigrated(f"{vm.name} is being migrated already", "another program started it", hint)
    if (expected and origin.host != expected) or origin.host == plan.to:
        raise Moved(_moved(origin), inventory)
    target = connections.config.target(origin.host, plan.to)
    plan = connections.config.addressed(plan, origin.host)
    here = await _daemon(connections, origin.host)
    failures: list[Failure | None] = [refuse(plan, here.hypervisor_version)]
    if offline and vm.active:
        why = f"it is {vm.state} on {origin.host}"
        failures.append(Failure(f"{vm.name} is not off", why, "Migrate it live."))
    if not offline and not vm.running:
        why = f"it is {vm.state} on {origin.host}"
        failures.append(Failure(f"{vm.name} cannot be migrated live", why, "Start it on the Launch page."))
    failures += await _target_failures(connections, plan, (origin, target), here, inventory)
    known = tuple(failure for failure in failures if failure is not None)
    if known:
        raise Refused(known)
    return origin, here


def _is_enough(config: Config, plan: Plan, known: Inventory) -> bool:
    """Whether the VM of a plan is active on a host, and the one that it would go to has replied."""
    origin = known.origin(plan.vm)
    if origin is None or not origin.vm.active or origin.vm.arriving:
        return False
    targets = config.targets(origin.host)
    to = plan.to or (targets[0] if len(targets) == 1 else "")
    return to not in known.failures


async def job_of(connections: Connections, found: VmOnHost, *, limit_s: float = REPLY_LIMIT_S) -> Mapping[str, Stat]:
    """The statistics of its migration from its host, empty if none is under way."""

    def read(hypervisor: Hypervisor) -> JobInfo:
        return hypervisor.job(found.vm.name)

    job = await connections.query(found.host, read, found.vm.name, limit_s=limit_s)
    return job.stats if job.stats.get("operation") == MIGRATION_OUT else {}


async def limits_of(connections: Connections, found: VmOnHost) -> dict[str, Any]:
    """What libvirt shows of the options of a migration that another program started."""
    try:
        read_ms = connections.query(found.host, lambda each: each.max_downtime(found.vm.name), limit_s=LIMITS_S)
        return {"downtime_ms": await read_ms}
    except Failure as failure:
        log.info("The maximum downtime is unknown: %s", failure)
        return {}


async def _is_migrating(connections: Connections, name: str, inventory: Inventory) -> bool:
    active = [each for each in inventory.found if each.vm.name == name and each.vm.active]
    return any([await job_of(connections, each) for each in active])


async def _target_failures(
    connections: Connections, plan: Plan, way: tuple[VmOnHost, str], here: Daemon, inventory: Inventory
) -> list[Failure]:
    origin, target = way
    vm = origin.vm
    if target in inventory.failures:
        failure = inventory.failures[target]
        why = failure.why or failure.what
        return [Failure(f"{target} cannot be reached", why, failure.hint, detail=failure.detail)]
    there = await _daemon(connections, target)
    limited = plan.migrateuri.startswith("rdma:") and await _has_hard_limit(connections, origin)
    failures = refusals(Case(plan, here, there, limited, vm.uuid))
    if here.uuid and here.uuid == there.uuid:
        failures.append(_same_host(here.uuid))
    arriving = replace(vm, name=plan.dname or vm.name)
    in_use = taken(arriving, [each for each in inventory.found if each.host == target])
    return [*failures, in_use] if in_use else failures


async def _has_hard_limit(connections: Connections, found: VmOnHost) -> bool:
    xml = await connections.query(found.host, lambda hypervisor: hypervisor.definition(found.vm.name))
    tree = tree_of(xml, f"The definition of {found.vm.name} can't be read")
    return tree.find("memtune/hard_limit") is not None


async def _daemon(connections: Connections, host: str) -> Daemon:
    return await connections.query(host, lambda hypervisor: hypervisor.daemon())


def _moved(found: VmOnHost) -> Failure:
    why = "the form showed the other direction"
    return Failure(f"{found.vm.name} is on {found.host}", why, "Check it, then start again.")


def _not_found(name: str, inventory: Inventory) -> Failure:
    last_seen = inventory.where(name).last_seen
    for host, failure in inventory.failures.items():
        what = f"{name} was {last_seen}" if last_seen else f"{name} was not found, and {host} could not be reached"
        return Failure(what, failure.why, failure.hint, detail=failure.detail)
    return Failure(
        f"There is no VM {name!r}", f"{none_of(inventory.hosts)} has it", "Choose one that the Launch page lists."
    )


def _same_host(uuid: str) -> Failure:
    return Failure(
        "Source and destination are the same host",
        f"both have the host UUID {uuid}",
        "Check the addresses in the configuration; two cloned hosts each need their own host_uuid in libvirtd.conf.",
    )
