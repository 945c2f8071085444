"""The sentences and lines about a plan and the status of a queue, for a page and for the command line."""

from collections.abc import Mapping
from typing import Any

from tui.core.quantity import clock, duration, rate, size
from tui.forecast.model.interval import Interval
from tui.migration.model.timeline import POST_COPY, SWITCHOVER
from tui.queue.model.estimate import Estimate, estimate, rough
from tui.queue.model.limits import Limits
from tui.queue.model.plan import BACK, EVACUATE, Entry, QueuePlan
from tui.queue.model.progress import CANNOT, FAILED, KEPT, MOVED, QUEUED, RUNNING, TAKEN_OUT, Progress
from tui.queue.model.status import FINISHED, INTERRUPTED, PAUSED, STOPPED, STOPPING

Status = Mapping[str, Any]
HEAD = ("", "VM", "from", "to", "memory", "takes", "")


def aim(purpose: str, host: str) -> str:
    """What a queue does: "empties source"."""
    if purpose == EVACUATE:
        return f"empties {host}"
    return f"brings the VMs of {host} back" if purpose == BACK else "moves VMs"


def title(status: Status) -> str:
    """ "The queue that empties source"."""
    return f"The queue that {aim(status['purpose'], status['host'])}"


def plan_rows(plan: QueuePlan) -> list[tuple[str, ...]]:
    """The table of a plan without its head: number, VM, from, to, memory, time, what is to be known of it."""
    return [_row(each, plan.limits.bandwidth) for each in plan.entries]


def _row(entry: Entry, bandwidth: int) -> tuple[str, ...]:
    takes = about(entry.alone_s(bandwidth)) if entry.movable else ""
    to = entry.target if entry.movable else "-"
    note = f"cannot move: {entry.cannot}" if entry.cannot else entry.doubt
    return str(entry.number), entry.vm, entry.origin, to, size(entry.memory_bytes), takes, note


def about(seconds: Interval | None) -> str:
    """ "9 s to 14 s"; one value if both are alike, "unknown" for None."""
    if seconds is None:
        return "unknown"
    low, high = rough(seconds.low), rough(seconds.high)
    return low if low == high else f"{low} to {high}"


def plan_sentences(plan: QueuePlan) -> list[str]:
    """What a plan does in all, how long that takes, and its limits."""
    count, stuck = len(plan.movable), len(plan.entries) - len(plan.movable)
    what = f"{_capital(aim(plan.purpose, plan.host))}: {vms(count)} to move"
    what += f", {stuck} cannot move." if stuck else "."
    lines = [what, *filter(None, [time_words(estimate(plan, Progress()))]), limits_sentence(plan.limits)]
    lines += [f"Each starts with the options of the preset {plan.preset}."] * bool(plan.preset)
    return [*lines, *plan.stays]


def time_words(left: Estimate) -> str:
    """How long all takes, in sentences; "" if nothing is to do."""
    takes = "It takes" if left.seconds else "How long it takes is"
    return f"{takes} {left.text}. {left.assumption}".strip() if left.text else ""


def limits_sentence(limits: Limits) -> str:
    """The limits of a queue as a sentence."""
    shared = f", {rate(limits.bandwidth)} shared by all" if limits.bandwidth else ""
    failures = "never stops at a failure"
    if limits.stop_after:
        failures = f"stops at {'the first failure' if limits.stop_after == 1 else f'failure {limits.stop_after}'}"
    again = "; a VM that fails is tried on another host" if limits.elsewhere else ""
    return f"At most {limits.at_once} at once, {limits.per_host} for each host{shared}; {failures}{again}."


def state_sentence(status: Status) -> str:
    """What the queue does now, or how it ended."""
    what, state = title(status), status["state"]
    if state == FINISHED:
        return f"{what} is done: {counts_words(status)}."
    if state == STOPPED:
        return f"{what} was stopped: {str(status['why']).rstrip('.')}. {_sentence(counts_words(status))}"
    if state == INTERRUPTED:
        why = str(status["why"]).rstrip(".")
        ended = f"the background process ended{f', and the next one did not go on: {why}' if why else ''}"
        return f"{what} was interrupted: {ended}. {_sentence(counts_words(status))}"
    doing = str(status.get("doing", ""))
    if state in (PAUSED, STOPPING):
        return f"{what} is {state}{f': {doing}' if doing else ''}."
    return f"{what} works: {doing}." if doing else f"{what} works."


def counts_words(status: Status) -> str:
    """ "6 moved, 1 failed, 1 cannot move"; only what there is."""
    found = [f"{count} {state}" for state in (MOVED, KEPT, FAILED, CANNOT, TAKEN_OUT, RUNNING, QUEUED)
             if (count := status["counts"][state])]  # fmt: skip
    return ", ".join(found) or "nothing was to do"


def progress_line(status: Status) -> str:
    """ "5 of 8, 2 under way, about 3 min (2 min to 5 min) left"."""
    parts = [f"{status['done']} of {status['total']}"]
    if running := status["counts"][RUNNING]:
        parts.append(f"{running} under way")
    if status["left"] and status["left_s"]:
        parts.append(f"{status['left']} left")
    return ", ".join(parts)


def running_words(status: Status) -> str:
    """What is under way: "guest1 to host3, pass 2, 120 MiB left, 00:12; guest2 to host4"."""
    running = [each for each in status["entries"] if each["state"] == RUNNING]
    return "; ".join(f"{each['vm']} to {each['target']}{_migration_words(each['migration'])}" for each in running)


def _migration_words(migration: Mapping[str, Any] | None) -> str:
    if migration is None:
        return ", starting"
    words = [""]
    if migration["phase"] in (POST_COPY, SWITCHOVER):
        words.append(migration["phase"])
    elif migration["pass"]:
        words.append(f"pass {migration['pass']}")
    if migration["remaining_bytes"] is not None:
        words.append(f"{size(migration['remaining_bytes'])} left")
    return ", ".join([*words, clock(migration["elapsed_s"])])


def changed(before: Status, after: Status) -> list[str]:
    """A line for each entry that has another state, or another attempt, than before."""
    known = {each["number"]: _mark(each) for each in before["entries"]}
    fresh = [each for each in after["entries"] if known.get(each["number"]) != _mark(each)]
    return [f"{after['done']} of {after['total']}  {entry_words(each)}" for each in fresh]


def _mark(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["state"], len(entry["attempts"])


def entry_words(entry: Mapping[str, Any]) -> str:
    """What is so of an entry: "guest1 was moved to host3 in 4.4 s, its pause was 12 ms"."""
    vm, state, target, why = entry["vm"], entry["state"], entry["target"], str(entry["why"]).rstrip(".")
    tried = [each for each in entry["attempts"] if each["why"]]
    before = "".join(f" It could not be moved to {each['target']}: {each['why'].rstrip('.')}." for each in tried)
    if state == MOVED:
        took = f" in {duration(entry['total_s'])}" if entry["total_s"] is not None else ""
        pause = f", its pause was {duration(entry['downtime_s'])}" if entry["downtime_s"] is not None else ""
        return f"{vm} was moved to {target}{took}{pause}.{before}"
    if state == RUNNING:
        return f"{vm} goes from {entry['origin']} to {target}.{before}"
    if state == QUEUED:
        return (
            f"{vm} could not be moved to {tried[-1]['target']}: {why}. It is tried elsewhere."
            if tried
            else f"{vm} waits."
        )
    verbs = {FAILED: "could not be moved", CANNOT: "cannot move", TAKEN_OUT: "was taken out", KEPT: "stays as it is"}
    return f"{vm} {verbs[state]}{f': {why}' if why else ''}."


def end_lines(status: Status) -> list[str]:
    """A line for each VM that was not moved, or not to the first host that was tried, after the end of a queue."""
    return [f"  {entry_words(each)}" for each in status["entries"] if _is_told(each)]


def _is_told(entry: Mapping[str, Any]) -> bool:
    if entry["state"] == MOVED:
        return any(each["why"] for each in entry["attempts"])
    return bool(entry["state"] != RUNNING)


def _sentence(words: str) -> str:
    return f"{_capital(words)}."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def vms(count: int) -> str:
    """ "1 VM", "8 VMs"."""
    return f"{count} VM{'' if count == 1 else 's'}"
