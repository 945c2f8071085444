"""The status of a queue as JSON: what the runner replies, and what a page and a command show."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tui.queue.model.estimate import Estimate
from tui.queue.model.plan import Entry, QueuePlan
from tui.queue.model.progress import (
    CANNOT,
    FAILED,
    KEPT,
    MOVED,
    OVER,
    QUEUED,
    RUNNING,
    TAKEN_OUT,
    Attempt,
    EntryState,
    Progress,
)
from tui.queue.model.scheduler import heads_for

# The states of a queue; those of its entries are in `progress`.
WORKING, PAUSED, STOPPING = "running", "paused", "stopping"
STOPPED, INTERRUPTED, FINISHED = "stopped", "interrupted", "finished"  # nothing of it is under way
ENDED = (STOPPED, INTERRUPTED, FINISHED)
DAMAGED = "damaged"  # its folder cannot be read
STATES = (QUEUED, RUNNING, MOVED, FAILED, CANNOT, TAKEN_OUT, KEPT)


def state_of(entry: Entry, progress: Progress) -> EntryState:
    """What is known of an entry; one that the plan does not move cannot move."""
    return EntryState(CANNOT, entry.cannot) if entry.cannot else progress.of(entry.number)


def _entry_fields(
    plan: QueuePlan, entry: Entry, progress: Progress, migration: Mapping[str, Any] | None
) -> dict[str, Any]:
    """One entry; `migration` is its one under way."""
    known = state_of(entry, progress)
    found = entry.to(heads_for(plan, entry, known)).fields(plan.limits.bandwidth)
    found |= {"state": known.state, "why": known.why}
    found |= {"run": PurePath(known.run).name, "folder": known.run}
    found |= {"attempts": [_attempt(each) for each in known.attempts], "migration": migration}
    return found | {"total_s": known.total_s, "downtime_s": known.downtime_s}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {"target": attempt.target, "run": PurePath(attempt.run).name, "why": attempt.why}


def counts(plan: QueuePlan, progress: Progress) -> dict[str, int]:
    """How many entries are in each state."""
    states = [state_of(each, progress).state for each in plan.entries]
    return {each: states.count(each) for each in STATES}


def status_fields(
    plan: QueuePlan, progress: Progress, left: Estimate, migrations: Mapping[int, Mapping[str, Any]]
) -> dict[str, Any]:
    """All of the status that does not depend on the process; `migrations` are those under way, by entry."""
    found = counts(plan, progress)
    done = sum(found[each] for each in OVER if each != CANNOT)
    fields: dict[str, Any] = {"purpose": plan.purpose, "host": plan.host, "limits": plan.limits.fields}
    fields |= {"preset": plan.preset, "copies_disks": plan.copies_disks}
    fields |= {"stays": list(plan.stays), "counts": found, "done": done, "total": len(plan.movable)}
    fields |= {"left": left.text, "left_s": left.seconds.to_json() if left.seconds else None}
    entries = [_entry_fields(plan, each, progress, migrations.get(each.number)) for each in plan.entries]
    return fields | {"left_unknown": left.unknown, "entries": entries}
