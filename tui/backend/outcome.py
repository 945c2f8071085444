"""How a migration ended: what both hosts know of it afterwards, and what run.toml keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.backend.recorder import now
from tui.backend.route import Route
from tui.model.failure import Failure
from tui.model.record import Stat
from tui.model.timeline import CANCELLED, COMPLETED, FAILED, LOST
from tui.model.vm import Vm

if TYPE_CHECKING:
    from tui.backend.migration import Migration

MIGRATION_IN, MIGRATION_OUT = 4, 5  # VIR_DOMAIN_JOB_OPERATION_*


@dataclass(frozen=True)
class Finding:
    """Where the VM is: whether all is well, the sentence, and whether it has moved (None: that cannot be known)."""

    ok: bool
    sentence: str
    moved: bool | None

    def outcome(self, *, cancelled: bool) -> str:
        """How the migration ended, judged by nothing else."""
        if self.moved:
            return COMPLETED
        if cancelled:
            return CANCELLED
        return LOST if self.moved is None else FAILED

    def fits(self, outcome: str) -> bool:
        """Whether all is well and as it should be after that outcome."""
        return self.ok and (self.moved is True) == (outcome == COMPLETED)


def look(route: Route, vm: Vm) -> Finding:
    """Ask both hosts for the VM; blocks. What one of them says counts, too, where the other cannot be asked."""
    found, silent = {}, {}
    for host in (route.target, route.origin):
        try:
            known = route.at(host).vm(vm.name)
        except Failure as failure:
            silent[host] = failure
        else:
            found[host] = known if known is not None and known.uuid == vm.uuid else None  # another one of that name
    if silent:
        return _half_known(route, vm, found, silent)
    there, here = found[route.target], found[route.origin]
    arrived, stayed = there is not None and there.active, here is not None and here.active
    if arrived and not stayed and there is not None:
        gone = f" and is gone from {route.origin}" if here is None else f"; {route.origin} still has its definition"
        return Finding(there.running, f"{vm.name} {_is(there)} on {route.target}{gone}.", True)
    if stayed and not arrived and here is not None:
        return Finding(here.running, f"{vm.name} {_is(here)} on {route.origin}.", False)
    if arrived and stayed:
        sentence = f"Both {route.origin} and {route.target} have {vm.name}, as after a broken post-copy."
        return Finding(False, sentence, None)
    return Finding(False, f"{vm.name} runs neither on {route.origin} nor on {route.target}.", None)


def _half_known(route: Route, vm: Vm, found: Mapping[str, Vm | None], silent: Mapping[str, Failure]) -> Finding:
    """Where at least one host cannot be asked: a VM that runs on the other has not moved, or has; else nobody knows."""
    for host, known in found.items():
        other = next(iter(silent))
        if known is not None and known.active:
            sentence = f"{vm.name} {_is(known)} on {host}; {other} cannot be asked."
            return Finding(known.running, sentence, host == route.target)
    why = next(iter(silent.values()))
    return Finding(False, f"Where the VM runs could not be looked up: {why}", None)


def completed_job(route: Route, vm: Vm, report: Callable[[Failure], None]) -> tuple[str, Mapping[str, Stat]] | None:
    """The host that still has the statistics of the completed job, and these; what goes wrong is reported. Blocks."""
    for host, operation in ((route.origin, MIGRATION_OUT), (route.target, MIGRATION_IN)):
        try:
            stats = route.at(host).completed_job(vm.name)
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
    }


def _is(vm: Vm) -> str:
    """ "runs", or what it is instead."""
    if vm.running and not vm.reason:
        return "runs"
    return f"is {vm.state} ({vm.reason})" if vm.reason else f"is {vm.state}"
