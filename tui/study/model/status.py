"""The status of a study as JSON, and as the lines that a person reads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from statistics import mean, median
from typing import Any

from tui.core.quantity import clock, duration, exact_seconds, size
from tui.migration.model.timeline import POST_COPY, SWITCHOVER
from tui.study.model.cell import LEGS, Cell
from tui.study.model.estimate import Estimate
from tui.study.model.plan import StudyPlan
from tui.study.model.progress import (
    BACK,
    DONE_CANCELLED,
    DONE_CENSORED,
    DONE_FAILED,
    DONE_OK,
    ENDS,
    OUT,
    Done,
    Progress,
)
from tui.study.model.schedule import Step

RUNNING, WAITING, STOPPING = "running", "waiting", "stopping"
STOPPED, INTERRUPTED, FINISHED = "stopped", "interrupted", "finished"  # nothing of it is under way
DAMAGED = "damaged"  # it cannot be read
OVER = (STOPPED, INTERRUPTED, FINISHED)
UNCHECKED = "The background process is of an earlier version, which cannot check whether the study could start."
MOST_LEFT_S = 10.0 * 366 * 86_400  # a date of more could not be written
DIRECTIONS = "directions"  # of a setting: the medians of each, because the hosts may differ


def counts(steps: Sequence[Step], progress: Progress) -> dict[str, int]:
    """How many runs there are, how many are done, and how they ended."""
    results = [each.result for each in progress.done.values()]
    return {"done": len(results), "total": len(steps)} | {each: results.count(each) for each in ENDS}


def step_fields(step: Step, plan: StudyPlan) -> dict[str, Any]:
    """The run under way."""
    cell = {"cell": step.cell.text, "short": step.cell.short, "vm": step.cell.vm}
    return {"number": step.number, "repeat": step.repeat, "repeats": plan.repeats, "warm_up": step.warm_up, **cell}


def cell_fields(steps: Sequence[Step], progress: Progress, limit_s: float) -> list[dict[str, Any]]:
    """For each setting how many of its runs are done, how they ended, and the medians, those of each direction, too."""
    by_cell: dict[str, list[Step]] = {}
    for each in steps:
        if not each.warm_up:
            by_cell.setdefault(each.cell.text, []).append(each)
    found = []
    for text, own in by_cell.items():
        done = [progress.done[each.number] for each in own if each.number in progress.done]
        cell = own[0].cell
        fields: dict[str, Any] = {"cell": text, "short": cell.short, "row": cell.row, "column": cell.column}
        fields |= {"done": len(done), "total": len(own)}
        fields |= {each: sum(one.result == each for one in done) for each in ENDS}
        ways = {way: [one for one in done if one.direction == way] for way in (OUT, BACK)}
        fields[DIRECTIONS] = {way: _median_fields(own, limit_s) for way, own in ways.items()}
        found.append(fields | _median_fields(done, limit_s))
    return sorted(found, key=lambda each: str(each["short"]))


def _median_fields(done: Sequence[Done], limit_s: float) -> dict[str, Any]:
    """The medians of the total time and the downtime.

    `median_is_above`: the true total time is larger, because a run was over the limit.
    """
    counted = [each for each in done if each.result in (DONE_OK, DONE_CENSORED)]
    ends = ((limit_s if each.result == DONE_CENSORED else each.total_s, each.result) for each in counted)
    times = sorted((total_s, result == DONE_CENSORED) for total_s, result in ends if total_s is not None)
    middles = times[(len(times) - 1) // 2 : len(times) // 2 + 1]
    found = round(mean(time for time, _ in middles), 3) if middles else None
    pauses = [each.downtime_s for each in counted if each.downtime_s is not None]
    downtime_s = round(median(pauses), 6) if pauses else None
    is_above = any(above for _, above in middles)
    return {"median_total_s": found, "median_is_above": is_above, "median_downtime_s": downtime_s}


def run_fields(steps: Sequence[Step], progress: Progress, after: int) -> list[dict[str, Any]]:
    """The runs that have ended, in the order of their ends, without the first `after`."""
    by_number = {each.number: each for each in steps}
    ended = [each for each in list(progress.done.values())[after:] if each.number in by_number]
    return [_step_of(by_number[each.number]) | asdict(each) for each in ended]


def _step_of(step: Step) -> dict[str, Any]:
    return {"short": step.cell.short, "vm": step.cell.vm, "repeat": step.repeat, "warm_up": step.warm_up}


def progress_line(status: Mapping[str, Any]) -> str:
    """ "12 of 60, idle plain 3/5, about 41 min left"."""
    parts = [f"{status['done']} of {status['total']}"]
    step = status.get("step")
    if step:
        where = "warm-up" if step["warm_up"] else f"{step['repeat']}/{step['repeats']}"
        parts.append(f"{step['short']} {where}")
    if status.get("left"):
        parts.append(f"{status['left']} left")
    return ", ".join(parts)


def newest_fields(steps: Sequence[Step], progress: Progress) -> dict[str, Any] | None:
    """The run that has ended last."""
    done = next(reversed(list(progress.done.values())), None)
    step = next((each for each in steps if done is not None and each.number == done.number), None)
    if done is None or step is None:
        return None
    about = {"short": step.cell.short, "repeat": step.repeat, "warm_up": step.warm_up}
    return about | {"direction": done.direction, "result": done.result, "total_s": done.total_s, "why": done.why}


def newest_line(status: Mapping[str, Any]) -> str:
    """ "12 of 60  idle plain, repeat 3, out: completed after 4.4 s"."""
    run = status["newest"] or {}
    what = "warm-up" if run.get("warm_up") else f"repeat {run.get('repeat')}"
    after = f" after {duration(run['total_s'])}" if run.get("total_s") is not None else ""
    why = f": {run['why']}" if run.get("why") else ""
    words = ", ".join(filter(None, (run.get("short"), what, run.get("direction"))))
    return f"{status['done']} of {status['total']}  {words}: {run.get('result')}{after}{why}"


def state_sentence(status: Mapping[str, Any]) -> str:
    """What the study does now, or how it ended."""
    state, name = status["state"], status["name"]
    if state == FINISHED:
        return f"The study {name} is complete."
    if state == STOPPED:
        return f"The study {name} was stopped: {_clause(status['why'])}."
    if state == INTERRUPTED:
        return f"The study {name} was interrupted: the background process ended."
    doing = str(status.get("doing", ""))
    return f"{state}: {doing}" if state == STOPPING else doing


def counts_line(status: Mapping[str, Any]) -> str:
    """ "12 of 60 runs, 1 over the limit, 0 failed"."""
    parts = [f"{status['done']} of {status['total']} runs", f"{status[DONE_CENSORED]} over the limit"]
    parts += [f"{status[DONE_CANCELLED]} cancelled"] if status[DONE_CANCELLED] else []
    return ", ".join([*parts, f"{status[DONE_FAILED]} failed"])


def left_line(status: Mapping[str, Any], now: datetime) -> str:
    """How long the other runs take: "about 41 min left, until about 14:05"; empty if there is none."""
    if not status["left"]:
        return ""
    if status["state"] in OVER:
        return f"the other {status['total'] - status['done']} take {status['left']}"
    if status["left_unknown_runs"]:
        return f"{status['left']} left"
    end = now + timedelta(seconds=min(status["left_s"], MOST_LEFT_S))
    return f"{status['left']} left, until about {end:{'%H:%M' if end.date() == now.date() else '%m-%d %H:%M'}}"


def now_line(status: Mapping[str, Any]) -> str:
    """What happens now: "idle plain, repeat 3 of 5: migrating back, pass 4, 120 MiB left, 00:12"."""
    step, migration = status.get("step"), status.get("migration")
    if step is None:
        return state_sentence(status)
    where = "warm-up" if step["warm_up"] else f"repeat {step['repeat']} of {step['repeats']}"
    doing = _migration_words(migration) if migration else status["doing"]
    stopping = f"{STOPPING}: " if status["state"] == STOPPING else ""
    return f"{stopping}{step['short']}, {where}: {doing}"


def _migration_words(migration: Mapping[str, Any]) -> str:
    words = ["migrating back" if migration["direction"] == BACK else "migrating out"]
    if migration["phase"] in (POST_COPY, SWITCHOVER):
        words.append(migration["phase"])
    elif migration["pass"]:
        words.append(f"pass {migration['pass']}")
    if migration["remaining_bytes"] is not None:
        words.append(f"{size(migration['remaining_bytes'])} left")
    return ", ".join([*words, clock(migration["elapsed_s"])])


def _clause(why: object) -> str:
    return str(why).rstrip(".")


def cell_lines(status: Mapping[str, Any]) -> list[str]:
    """A line for each setting: how many of its runs are done, how long they took, and how others ended."""
    lines = []
    ends = {result: words for result, words in ENDS.items() if result != DONE_OK}
    for each in status["cells"]:
        parts = [f"{each['done']} of {each['total']}"]
        known = [(way, own) for way, own in (each.get(DIRECTIONS) or {}).items() if own["median_total_s"] is not None]
        medians = [f"{way} {_median_words(own)}" for way, own in known]
        if not medians and each["median_total_s"] is not None:  # of a background process of an earlier version
            medians = [_median_words(each)]
        parts += [f"median {', '.join(medians)}"] if medians else []
        parts += [f"{each[result]} {words}" for result, words in ends.items() if each[result]]
        lines.append(f"  {each['short']}  {', '.join(parts)}")
    return lines


def _median_words(medians: Mapping[str, Any]) -> str:
    above = "more than " if medians.get("median_is_above") else ""
    return f"{above}{duration(medians['median_total_s'])}"


def _too_long(found: Estimate) -> list[str]:
    if not found.too_long:
        return []
    which = ", ".join(found.too_long)
    return [f"By the dirty rate and the bandwidth limit, each run of these takes longer than the limit: {which}."]


def setting_lines(cells: Sequence[Cell]) -> list[str]:
    """A line for each setting of a plan."""
    return [f"  {each.short}: {each.text}" for each in cells]


def seed_line(seed: int, *, by_plan: bool) -> str:
    """Where the order of the runs comes from, and how it is repeated."""
    if by_plan:
        return f"The order of the runs comes from the seed {seed} of the plan."
    return f"The order of the runs comes from the seed {seed}, chosen by chance; seed = {seed} in the plan repeats it."


def plan_lines(plan: StudyPlan, cells: Sequence[Cell], found: Estimate) -> list[str]:
    """What a plan will do, before it starts."""
    warm_up = plan.warm_up * len({each.vm for each in cells})
    settings = f"{len(cells)} setting{'' if len(cells) == 1 else 's'}"
    times = f"{plan.repeats} time{'' if plan.repeats == 1 else 's'}"
    counted = f"{settings}, there and back, {times}: {LEGS * len(cells) * plan.repeats} runs"
    dropped = f"; {warm_up} more to warm up {'is' if warm_up == 1 else 'are'} dropped" if warm_up else ""
    unknown = ": how long a migration takes is known after the first ones" if found.unknown else ""
    return [
        f"{plan.name}: {counted}{dropped}.",
        *setting_lines(cells),
        f"It takes {found.text}{unknown}.",
        *_too_long(found),
        f"A migration of more than {exact_seconds(plan.limit_s)} is censored: pre-copy is cancelled, "
        f"post-copy completes; {plan.stop_after} failures in a row stop the study.",
    ]
