"""How a migration ended: the figures that libvirt still has of it, and what run.toml keeps."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tui.core.clock import now
from tui.core.failure import Failure
from tui.core.protocols import Stat
from tui.core.vm import Vm
from tui.migration.backend.connections import MigrationConnections
from tui.migration.model.timeline import FAILED, LOST

if TYPE_CHECKING:
    from tui.migration.backend.migration import Migration

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


def summary(migration: "Migration", outcome: str) -> dict[str, Any]:
    """run.toml: what was asked for, on which hosts, and how it ended; figures with their unit in the name."""
    timeline, final = migration.timeline, migration.timeline.final
    plan, point = migration.plan, timeline.point
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
        "began": migration.began_at,
        "ended": now() if timeline.over else None,
        "verified": timeline.verified[1] if timeline.verified else None,
        "advice": timeline.advice or None,
        "error": dict(timeline.error) if timeline.error and outcome in (FAILED, LOST) else None,
        "vm": {
            "name": migration.vm.name,
            "uuid": migration.vm.uuid,
            "vcpus": migration.vm.vcpus,
            "memory_bytes": migration.vm.memory_bytes,
        },
        "options": {
            "technique": plan.technique,
            "timeout_s": plan.timeout_s,
            "bandwidth_mib_s": plan.bandwidth_mib_s,
            "downtime_ms": plan.downtime_ms,
            "auto_converge": plan.auto_converge,
            "parallel": plan.parallel,
        },
        **migration.facts,
        "figures": figures,
        # libvirt's own is figures.downtime_ms
        "felt": timeline.observed.data if timeline.observed else None,
    }
