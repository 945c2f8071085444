"""`vmlm-tui runs show`: one run with its options, versions, figures, passes and events."""

# Imports are local so that a wrong word and --help are fast.
# ruff: noqa: PLC0415

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.app.commands.output import Output, with_commands, wrapped
from tui.app.commands.runs import parse, parser_of, reader_of
from tui.app.commands.session import help_of
from tui.core.failure import Failure
from tui.core.plain_text import plain

if TYPE_CHECKING:
    from pathlib import Path

    from tui.core.plan import Plan
    from tui.migration.model.call.migrate_call import Call
    from tui.migration.model.call.script import Script
    from tui.migration.model.record import Event
    from tui.migration.model.timeline import Timeline
    from tui.runs.model.pass_table import PassRow
    from tui.runs.model.run import Run

LABEL = 17  # columns of a label
OFTEN = frozenset(
    {"guest", "echo", "iteration", "forecast"}
)  # kinds of events that would hide the others; the log has them
BARE = frozenset({"start", "attached", "job-completed"})  # kinds whose fields are shown above
ABOUT = """\
Prints one run: its options, versions and figures, a line for each pass, and its events. `threshold` is what a pass had
to get under: the rate multiplied by the maximum downtime. RUN is the name of a folder, the beginning of one, a path, or
`last`."""


@dataclass(frozen=True)
class Log:
    """What raw.jsonl adds to run.toml; `problem` is empty if all of it was read."""

    passes: "tuple[PassRow, ...]" = ()
    events: "tuple[Event, ...]" = ()
    problem: str = ""
    timeline: "Timeline | None" = None


def main(verb: str, words: list[str]) -> int:
    """Print a run; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, "RUN [--json] [--python]", ABOUT)
    parser.add_argument("words", nargs="*", metavar="RUN", help="such as 20261128T235324Z, or last")
    parser.add_argument("--json", action="store_true", help="one JSON object; `passes` and `events` are lists")
    parser.add_argument("--python", action="store_true", help="the calls of libvirt-python in place of virsh")
    options = parse(parser, words)
    if options.help:
        return help_of(parser)
    if len(options.words) != 1:
        parser.error("one RUN is expected")
    from tui.runs.backend.find import find_run

    run = find_run(reader_of(options), options.words[0])
    log = log_of(run.folder)
    output = Output("runs show", sys.stdout, sys.stderr)
    script = script_of(run, log)
    if options.json:
        output.lines([document(run, log, script)])
    else:
        output.lines(run_lines(run, log, output.width, script, python=options.python))
    return 0


def log_of(folder: "Path") -> Log:
    """The passes and the events of a run; a log that can't be read is its problem."""
    from tui.migration.backend.recording.recorder import RAW
    from tui.migration.backend.recording.run_files import records_of
    from tui.migration.model.record import Event
    from tui.runs.model.pass_table import PassTable

    table, events, broken = PassTable(), [], 0
    try:
        for each in records_of(folder / RAW):
            try:
                if each is None:
                    broken += 1
                    continue
                table.add(each)
            except (ValueError, KeyError, TypeError, AttributeError):  # a record with data of another type
                broken += 1
                continue
            if isinstance(each, Event) and each.kind not in OFTEN:
                events.append(each)
    except OSError as error:
        return Log(problem=f"The log can't be read: {error.strerror or error}.")
    problem = f"{broken} line{'' if broken == 1 else 's'} of the log could not be read." if broken else ""
    return Log(table.rows, tuple(events), problem, table.timeline)


def script_of(run: "Run", log: Log) -> "Script | None":
    """What the app called for the run; None if its record does not have that."""
    from tui.runs.backend import script

    try:
        return script.script_of(run, log.timeline, _call_of) if log.timeline is not None else None
    except Failure:  # of another program; of an older version, on a machine without libvirt
        return None


def _call_of(plan: "Plan") -> "Call":
    """For a record of an older version: it needs libvirt."""
    from tui.app.wiring import call_of

    return call_of(plan)


def run_lines(run: "Run", log: Log, width: int, script: "Script | None" = None, *, python: bool = False) -> list[str]:
    """The facts, the figures, the commands, the passes, the events and what the hosts wrote, as text."""
    from tui.migration.model.ending.host_log import of_record
    from tui.migration.model.ending.raw_text import host_lines
    from tui.migration.model.record import HOST_LOG
    from tui.runs.model.facts import figure_facts, run_facts
    from tui.runs.model.pass_table import pass_lines
    from tui.runs.model.run_forecast import rows, table

    lines = [run.folder.name]
    for facts in (run_facts(run), figure_facts(run)):
        for label, text in facts:
            shown = with_commands(" ".join(plain(text).split()), run.vm or "VM")
            lines += wrapped(f"  {plain(label)}", shown, LABEL, width)
        lines.append("")
    if run.forecast is not None:
        outcome = table(rows(run.forecast, run.total_s, run.downtime_s))
        lines += ["Forecast and outcome", *(f"  {plain(line)}" for line in outcome), ""]
    if script is not None:
        lines.append("The same with libvirt-python" if python else "The same with virsh")
        lines += [*plain(script.python if python else script.virsh).split("\n")]
    if log.problem:
        lines += [log.problem, ""]
    if log.passes:
        lines += [*pass_lines(log.passes), ""]
    lines += [event_line(each) for each in log.events if each.kind != HOST_LOG]
    for each in log.events:
        lines += ["", *map(plain, host_lines(of_record(each.data)))] if each.kind == HOST_LOG else []
    return lines if lines[-1] else lines[:-1]


def event_line(event: "Event") -> str:
    """The event as one line."""
    shown = [] if event.kind in BARE else [each for each in event.data.items() if each[1] not in ("", None)]
    fields = "  ".join(f"{name}={value}" for name, value in shown)
    return " ".join(plain(f"{event.t:9.3f} s  {event.kind}  {fields}").splitlines()).rstrip()


def document(run: "Run", log: Log, script: "Script | None" = None) -> str:
    """The run as one line of JSON: the fields of `runs export`, its passes and its events."""
    from tui.runs.model.export import fields, json_value

    events: list[dict[str, Any]] = [
        {"t_s": each.t, "at": each.at, "kind": each.kind, **each.data} for each in log.events
    ]
    same = {"virsh": script.virsh if script else None, "python": script.python if script else None}
    added = same | {"passes": [each._asdict() for each in log.passes], "events": events, "log_problem": log.problem}
    try:
        return json.dumps(json_value(fields(run) | added), ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise Failure(f"{run.folder.name} can't be written as JSON", str(error)) from error
