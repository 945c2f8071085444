"""The summary of a queue, a run of runs: what came of each VM, and how long all took."""

from pathlib import PurePath
from typing import Any

from tui.core.failure import Failure
from tui.core.log import log
from tui.queue.backend.store import Queue, write_summary
from tui.queue.model.progress import MOVED
from tui.queue.model.status import counts, state_of


def summarize(queue: Queue) -> None:
    """Write the summary; a disk that refuses it costs only this file, the log has all of it. Blocks."""
    try:
        write_summary(queue.folder, tables_of(queue))
    except Failure as failure:
        log.warning("The queue %s: %s", queue.id, failure)


def tables_of(queue: Queue) -> dict[str, Any]:
    """The tables of the summary; the times of each VM are libvirt's, in ms."""
    plan, progress = queue.plan, queue.progress
    found = {name.replace(" ", "_"): count for name, count in counts(plan, progress).items() if count}
    about = {"purpose": plan.purpose, "host": plan.host or None, "preset": plan.preset or None, "config": queue.config}
    outcome = "finished" if progress.finished else "stopped"
    times = {"began": queue.began, "ended": queue.ended or None}
    vms = []
    for entry in plan.entries:
        known = state_of(entry, progress)
        ms = {"total_time_ms": _ms(known.total_s), "downtime_ms": _ms(known.downtime_s)}
        runs = [PurePath(each.run).name for each in known.attempts if each.run]
        place = {"origin": entry.origin, "target": (known.target or entry.target) or None}
        vm = {"name": entry.vm, "uuid": entry.uuid, **place, "state": known.state, "why": known.why or None}
        vms.append(vm | ms | {"runs": runs, "memory_bytes": entry.memory_bytes, "technique": entry.technique})
    downtimes = [state_of(each, progress).downtime_s for each in plan.entries]
    longest = max((each for each in downtimes if each is not None), default=None)
    figures = {"moved_bytes": _moved_bytes(queue), "longest_downtime_ms": _ms(longest)}
    head = {"outcome": outcome, "why": progress.stopped or None, **about, **times}
    return {**head, "limits": plan.limits.fields, "counts": found, "figures": figures, "vm": vms}


def _moved_bytes(queue: Queue) -> int:
    """The memory of all VMs that were moved."""
    return sum(e.memory_bytes for e in queue.plan.entries if state_of(e, queue.progress).state == MOVED)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)
