"""A migration in lines: its progress, its events, its result, as text or as JSON."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tui.app.commands.output import with_commands, wrapped
from tui.core.quantity import clock, rate, size
from tui.migration.backend.migrations import Migration
from tui.migration.backend.recording.run_summary import summary
from tui.migration.model import record
from tui.migration.model.ending.outcome import facts, home, title
from tui.migration.model.keys import POST_COPY_NOW
from tui.migration.model.record import Event, Record, to_line
from tui.migration.model.timeline import CANCELLED, COMPLETED, LOST, PASS, Timeline
from tui.migration.model.verdict import Verdict, sentence, warning

LABEL = 13  # columns of a label in the result
PHASES = "|SP"  # the signs of marks that are a new pass or phase
MOVED, NOT_MOVED, STOPPED = 0, 1, 3  # exit status

Lines = Callable[[Migration, Record], list[str]]  # the lines for a record that was added to the timeline


def heading(migration: Migration) -> str:
    """The VM, its direction, the technique, and the folder of the run."""
    return f"{way(migration)}  {migration.plan.words}  recorded in {home(migration.folder)}"


def way(migration: Migration) -> str:
    """The VM and its direction."""
    return f"{migration.vm.name}  {migration.origin} -> {migration.target}"


def phase(timeline: Timeline) -> str:
    """The phase, with the number of the pass."""
    if timeline.phase == PASS:
        return f"pass {max(timeline.iteration, 1)}"
    return "result unknown" if timeline.phase == LOST else timeline.phase


def figures(timeline: Timeline, elapsed: float) -> str:
    """The time, the phase, and what is left to send."""
    words = [clock(elapsed), phase(timeline)]
    point = timeline.point
    disks = timeline.disks
    if disks.known and point is None and not timeline.over:
        words.append(f"{size(disks.remaining)} of the disks left")
        words += [rate(disks.rate)] if disks.rate is not None else []
    if point is not None and not timeline.over:
        words.append(f"{size(point.remaining)} left")
        words += [rate(point.rate)] if point.rate is not None else []
    return "  ".join(words)


def verdict(migration: Migration, elapsed: float) -> Verdict:
    """The sentence of the Migrate page, with commands in place of keys, after a warning if there is one."""
    timeline = migration.timeline
    found = sentence(timeline, elapsed, migration.origin, migration.target)
    late = warning(timeline, timeline.waiting_s(elapsed))
    text = with_commands(found.text, migration.vm.name)
    return replace(found, text=f"{late}. {text}" if late else text)


class EventLines:
    """A line for the start, the switch to post-copy, each request and each error: cron mails all lines."""

    def __init__(self) -> None:
        self._marks = 0
        self._switched = False

    def __call__(self, migration: Migration, each: Record) -> list[str]:
        """The lines for the record, which was added to the timeline just now."""
        timeline, kind = migration.timeline, each.kind if isinstance(each, Event) else ""
        lines = [heading(migration)] if kind in (record.START, record.ATTACHED) else []
        new, self._marks = timeline.marks.added - self._marks, timeline.marks.added
        lines += [f"{clock(mark.t)}  {mark.text}" for mark in timeline.marks[-new:] if new and mark.sign not in PHASES]
        if isinstance(each, Event) and kind == record.KEY and each.data.get("action") == POST_COPY_NOW:
            lines.append(f"{clock(each.t)}  post-copy requested")
        if isinstance(each, Event) and kind == record.ERROR:
            reason = ": ".join(str(each.data[key]) for key in ("what", "why") if each.data.get(key))
            lines.append(f"{clock(each.t)}  error: {reason}")
        switched, self._switched = self._switched, timeline.post_copy_at is not None
        if (self._switched and not switched) or kind in (record.NO_ANSWER, record.DIAGNOSIS):
            lines += [f"{figures(timeline, each.t)}  {verdict(migration, each.t).text}"] if not timeline.over else []
        return lines


class Heading:
    """Only the heading: a terminal has the progress line."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, migration: Migration, _each: Record) -> list[str]:
        """The heading, once."""
        shown, self._shown = self._shown, True
        return [] if shown else [heading(migration)]


def json_lines(_migration: Migration, each: Record) -> list[str]:
    """The record as it is in raw.jsonl."""
    return [to_line(each)]


def result_lines(migration: Migration, width: int) -> list[str]:
    """The result as the Migrate page has it."""
    found = facts(migration.timeline, migration.folder, migration.origin)
    texts = ((fact.label, with_commands(fact.text, migration.vm.name, next_target(migration))) for fact in found)
    return [title(migration.timeline)[0], *(line for each in texts for line in wrapped(*each, LABEL, width))]


def result_json(migration: Migration) -> str:
    """The result as one line of JSON, with the figures of run.toml."""
    timeline = migration.timeline
    found = summary(migration.plan, migration.vm, {}, "", timeline, timeline.phase)
    fields: dict[str, Any] = {"kind": "result", "outcome": timeline.phase, "run": str(migration.folder)}
    fields |= {key: found[key] for key in ("verified", "advice", "error", "figures")}
    return json.dumps(fields, ensure_ascii=False)


def exit_status(timeline: Timeline) -> int:
    """Of a migration that is over: 0 moved, 3 cancelled; 1 if neither, or if the VM is not where it should be."""
    if timeline.verified is not None and not timeline.verified[0]:
        return NOT_MOVED
    return {COMPLETED: MOVED, CANCELLED: STOPPED}.get(timeline.phase, NOT_MOVED)


def next_target(migration: Migration) -> str:
    """Where a further migration goes, back or once more; "" if its host need not be named."""
    if not migration.plan.to:
        return ""
    return migration.origin if migration.timeline.phase == COMPLETED else migration.plan.to
