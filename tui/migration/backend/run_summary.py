"""How a migration ended: the figures that libvirt still has of it, and what run.toml keeps."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.plan import Plan
from tui.core.protocols import Stat
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.timeline import FAILED, LOST, Timeline

MIGRATION_IN, MIGRATION_OUT = 4, 5  # VIR_DOMAIN_JOB_OPERATION_*


def completed_job(
    connections: MigrationConnections, vm: Vm, report: Callable[[Failure], None]
) -> tuple[str, Mapping[str, Stat]] | None:
    """The host that still has the statistics of the completed job, and these; what goes wrong is reported. Blocks."""
    for host, operation in ((connections.origin, MIGRATION_OUT), (connections.target, MIGRATION_IN)):
        try:
            stats = connections.at(host).completed_job(vm.name)
        except Failure as failure:
            report(failure)
            continue
        if stats.get("operation") == operation:  # else of another job: the VM may have come here by a migration
            return host, stats
    return None


def summary(
    plan: Plan, vm: Vm, facts: Mapping[str, Any], began: str, timeline: Timeline, outcome: str
) -> dict[str, Any]:
    """run.toml: what was asked for, on which hosts, and how it ended; figures with their unit in the name.

    `facts` are the tables of its hosts, versions and workload; `began` is its start in UTC.
    """
    final, point = timeline.final, timeline.point
    figures: dict[str, Any] = {}
    if timeline.over:
        figures = {
            "total_time_ms": final.get("time_elapsed"),
            "downtime_ms": final.get("downtime"),
            "setup_time_ms": final.get("setup_time"),
            # After a post-copy that broke and recovered, libvirt's final figure is the one of the break.
            "memory_sent_bytes": max(final.get("memory_processed", 0), point.transferred if point else 0) or None,
            "memory_total_bytes": final.get("memory_total"),
            "passes": timeline.passes_begun,
            "post_copy_faults": final.get("memory_postcopy_requests"),
            "post_copy_at_s": round(timeline.post_copy_at, 3) if timeline.post_copy_at is not None else None,
            "samples": len(timeline.points),
            "from_libvirt": bool(final),  # false: libvirt no longer knew its final figures
        }
    return {
        "outcome": outcome,
        "began": began,
        "ended": now() if timeline.over else None,
        "verified": timeline.verified[1] if timeline.verified else None,
        "advice": timeline.advice or None,
        "error": dict(timeline.error) if timeline.error and outcome in (FAILED, LOST) else None,
        "vm": {"name": vm.name, "uuid": vm.uuid, "vcpus": vm.vcpus, "memory_bytes": vm.memory_bytes},
        "options": {name: value for name, value in asdict(plan).items() if name != "vm"},
        **facts,
        "figures": figures,
        # libvirt's own is figures.downtime_ms
        "felt": timeline.observed.data if timeline.observed else None,
    }
