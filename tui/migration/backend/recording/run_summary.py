"""The result of a migration: libvirt's final figures, and the contents of run.toml."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.log import log
from tui.core.plan import UNKNOWN, Plan
from tui.core.protocols import JOB_COMPLETED, MIGRATION_IN, MIGRATION_OUT, Stat
from tui.core.vm import Daemon, Vm
from tui.guest.model.workload import Workload
from tui.migration.backend.after.autostart import autostart_of
from tui.migration.backend.recording.run_log import RunLog
from tui.migration.backend.running.connections import MigrationConnections
from tui.migration.model.accuracy import forecast_table, learned_figures
from tui.migration.model.ending.outcome import disks_copied
from tui.migration.model.timeline import FAILED, LOST, Timeline
from tui.vm.model.xml_tree import tree_of


def host_facts(daemon: Daemon) -> dict[str, Any]:
    """What run.toml has of a host."""
    return {
        "hostname": daemon.hostname,
        "uri": daemon.uri,
        "libvirt": ".".join(map(str, daemon.libvirt_version)),
        "qemu": ".".join(map(str, daemon.hypervisor_version)),
        "cpus": daemon.cpus,
        "cpu_model": daemon.cpu_model,
        "memory_bytes": daemon.memory_bytes,
    }


def accelerator_of(opened: MigrationConnections, vm: str) -> str:
    """The type of the domain: "kvm", "qemu" (emulated); "" if no host has it, or none has replied. Blocks."""
    for host in filter(None, (opened.origin, opened.peer)):
        try:
            xml = opened.at(host).definition(vm)
            if xml:
                return tree_of(xml, f"The definition of {vm} can't be read").get("type", "")
        except Failure as failure:
            log.info("How %s is virtualized is unknown: %s", vm, failure)
    return ""


def vm_facts(opened: MigrationConnections, vm: str) -> dict[str, Any]:
    """What run.toml has of the VM besides its size; None if unknown. Blocks."""
    return {"accelerator": accelerator_of(opened, vm) or None, "autostart": autostart_of(opened, vm) or None}


def options_of(plan: Plan) -> dict[str, Any]:
    """The options of a plan without its VM and hosts; those of a migration that another program started are unknown."""
    options = {name: value for name, value in plan.fields.items() if name not in ("vm", "to")}
    return options if plan.technique != UNKNOWN else {"technique": UNKNOWN}


def start_fields(
    plan: Plan, vm: Vm, workload: Workload, known: Mapping[str, Any] = MappingProxyType({})
) -> dict[str, Any]:
    """What the first record has of a plan, its VM, of which `vm_facts` are `known`, and the workload in it."""
    fields = {"vm": vm.name, **options_of(plan), "uuid": vm.uuid, "vcpus": vm.vcpus, "memory_bytes": vm.memory_bytes}
    fields |= {"autostart": True} if known.get("autostart") else {}
    return fields | {"workload": workload.name, "workload_parameters": dict(workload.parameters)}


def completed_job(
    connections: MigrationConnections, vm: Vm, report: Callable[[Failure], None]
) -> tuple[str, Mapping[str, Stat]] | None:
    """The statistics of the completed job, with the host that still has them; failures go to `report`. Blocks."""
    for host, operation in ((connections.origin, MIGRATION_OUT), (connections.target, MIGRATION_IN)):
        if not host:
            continue  # it is on a host that is not configured
        try:
            stats = connections.at(host).completed_job(connections.name_on(host, vm.name))
        except Failure as failure:
            report(failure)
            continue
        if (
            stats.get("operation") == operation
        ):  # else they are of another job, such as an earlier migration to this host
            return host, stats
    return None


def record_completed_job(connections: MigrationConnections, vm: Vm, run_log: RunLog) -> None:
    """Write the statistics of the completed job as an event, if a daemon still has them. Blocks."""
    found = completed_job(connections, vm, run_log.error)
    if found is not None:
        run_log.event(JOB_COMPLETED, host=found[0], stats=dict(found[1]))


def without_target(facts: Mapping[str, Any], origin: str) -> dict[str, Any]:
    """The facts of run.toml for a migration whose target is unknown."""
    hosts = {name: each for name, each in facts.get("hosts", {}).items() if name in ("origin", origin)}
    return {name: each for name, each in facts.items() if name != "destination_uri"} | {"hosts": hosts}


def facts_for(facts: Mapping[str, Any], origin: str, target: str) -> dict[str, Any]:
    """The facts of run.toml if `target`, "" if unknown, is not the host that they were read from."""
    if target and facts.get("hosts", {}).get("target") == target:
        return dict(facts)
    known = without_target(facts, origin)
    return known | {"hosts": known["hosts"] | {"target": target}} if target else known


def summary(
    plan: Plan, vm: Vm, facts: Mapping[str, Any], began: str, timeline: Timeline, outcome: str
) -> dict[str, Any]:
    """The contents of run.toml: options, hosts, outcome, and figures with their unit in the name.

    `facts` are the tables of hosts, versions and workload, and more of the VM; `began` is the start in UTC.
    """
    known = facts.get("vm", {})
    return {
        "outcome": outcome,
        "began": began,
        "ended": now() if timeline.over else None,
        "verified": timeline.verified[1] if timeline.verified else None,
        "advice": timeline.advice or None,
        "error": dict(timeline.error) if timeline.error and outcome in (FAILED, LOST) else None,
        "options": options_of(plan),
        **facts,
        "vm": {**known, "name": vm.name, "uuid": vm.uuid, "vcpus": vm.vcpus, "memory_bytes": vm.memory_bytes},
        "figures": figures(timeline) if timeline.over else {},
        "forecast": forecast_table(timeline),
        # The observed downtime; libvirt's own is figures.downtime_ms.
        "felt": timeline.observed.data if timeline.observed else None,
        "clock": timeline.guest_clock.data if timeline.guest_clock else None,
    }


def figures(timeline: Timeline) -> dict[str, Any]:
    """The final figures of a migration that is over; None for those that are not known."""
    final, point = timeline.final, timeline.point
    return {
        "total_time_ms": round(1000 * (timeline.total_s or 0)) if final.get("time_elapsed") else None,
        "downtime_ms": final.get("downtime"),
        "setup_time_ms": final.get("setup_time"),
        # After an interrupted post-copy that recovered, libvirt's final figure is that of the interruption.
        "memory_sent_bytes": max(int(final.get("memory_processed", 0)), point.transferred if point else 0) or None,
        # A libvirtd that was restarted reports zeros.
        "memory_total_bytes": final.get("memory_total") or (point.total if point else None),
        "disk_copied_bytes": disks_copied(timeline) or None,
        "passes": timeline.passes_begun,
        "post_copy_faults": final.get("memory_postcopy_requests") or (point.faults if point else None),
        "post_copy_at_s": round(timeline.post_copy_at, 3) if timeline.post_copy_at is not None else None,
        "samples": timeline.points.added,
        **learned_figures(timeline),
        "from_libvirt": bool(final),  # false: libvirt no longer had its final figures
    }
