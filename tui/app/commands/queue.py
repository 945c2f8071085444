"""`vmlm-tui queue`: shows, follows, pauses and stops the queue of migrations, as a client of the runner."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tui.app.commands.output import Output
from tui.app.commands.queue_limits import add_limits, given
from tui.app.commands.session import Session, configured, help_of, parser_of, run

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.queue.backend.client import QueueClient, Status
    from tui.queue.model.plan import QueuePlan

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
WAS_STOPPED, REMAINS = 3, 1
PROGRESS_EVERY_S = 1.0
STATUS, WATCH, PAUSE, RESUME, TAKE_OUT, STOP = "status", "watch", "pause", "resume", "take-out", "stop"
LIST, SET = "list", "set"
OF_ONE = (STATUS, WATCH, RESUME)  # which may name a queue
NONE = "There is no queue of this configuration; `vmlm-tui evacuate HOST` makes one."
USAGE = """\
queue [status [QUEUE]] [--json] [--config FILE] [--help]
       vmlm-tui queue list [--json]
       vmlm-tui queue watch [QUEUE] [--json]
       vmlm-tui queue pause
       vmlm-tui queue resume [QUEUE]
       vmlm-tui queue take-out VM
       vmlm-tui queue set [--at-once N] [--per-host N] [--bandwidth RATE] [--stop-after N] [--[no-]elsewhere]
       vmlm-tui queue stop [--cancel]"""
ABOUT = """\
Shows or changes the queue that `vmlm-tui evacuate` or `bring-back` has started: the one under way, else the newest, or
QUEUE, a name that `list` prints, with or without its time. `pause` starts no more migrations, those under way go on;
`set` changes the limits that are given, while it works; `stop` ends the queue, with --cancel it cancels them; `resume`
goes on after both, and after the background process was ended.
The exit status of `watch` is 0 if all VMs were moved, 1 if some were not, 3 if the queue was stopped."""

Print = Callable[["Status"], list[str]]


def main(verb: str, words: list[str]) -> int:
    """Run the command; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGE, ABOUT)
    actions = (STATUS, LIST, WATCH, PAUSE, RESUME, TAKE_OUT, SET, STOP)
    parser.add_argument("what", nargs="?", choices=actions, default=STATUS, metavar="ACTION", help=", ".join(actions))
    parser.add_argument("name", nargs="?", metavar="NAME", help="a queue; with take-out: the VM to take out")
    parser.add_argument("--cancel", action="store_true", help="with stop: cancel the migrations under way, too")
    parser.add_argument("--json", action="store_true", help="the status as one JSON object; its `format` is 1")
    add_limits(parser)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.name is None and options.what == TAKE_OUT:
        parser.error("VM is missing")
    if options.name is not None and options.what not in (TAKE_OUT, *OF_ONE):
        parser.error(f"{options.name!r} has no meaning here")
    if options.cancel and options.what != STOP:
        parser.error("--cancel has no meaning here")
    limits = given(options)
    if bool(limits) != (options.what == SET):
        parser.error("the limits belong to `set`" if limits else "a limit is missing, such as --at-once 2")

    config = configured(options)
    if options.what == LIST:
        return _list(options)

    async def command(session: Session) -> int:
        async with opened(options) as queue:
            return await _do(session, queue, options)

    return run(verb, options, config, command)


@contextlib.asynccontextmanager
async def opened(options: "Namespace") -> "AsyncIterator[QueueClient]":
    """The queue of the configuration that the options name, until the command ends."""
    from tui.app import wiring
    from tui.app.config import find

    queue = wiring.queue_client(find(options.config))
    try:
        yield queue
    finally:
        await queue.close()


async def _do(session: Session, queue: "QueueClient", options: "Namespace") -> int:
    if options.what in (STATUS, WATCH):
        found = await queue.status(options.name or "")
        if found is not None and options.what == WATCH:
            return await follow(session, queue, found, as_json=options.json)
    else:
        calls: dict[str, Callable[[], Awaitable[Status]]] = {
            PAUSE: queue.pause,
            RESUME: lambda: queue.resume(options.name or ""),
            TAKE_OUT: lambda: queue.take_out(options.name),
            SET: lambda: queue.limit(**given(options)),
            STOP: lambda: queue.stop(cancel=options.cancel),
        }
        found = await calls[options.what]()
    if options.json:
        session.output.lines([json_line(queue=found)])
    else:
        session.output.lines([NONE] if found is None else status_lines(found))
    return 0


def _list(options: "Namespace") -> int:
    """Print all queues from their folders: no background process is started for it."""
    from tui.app import wiring
    from tui.app.config import find
    from tui.queue.backend.earlier import list_queues

    found = list_queues(wiring.queues_folder(), str(find(options.config).absolute()))
    output = Output("queue list", sys.stdout, sys.stderr)
    output.lines([json_line(queues=found)] if options.json else list_lines(found) or [NONE])
    return 0


def list_lines(found: "list[Status]") -> list[str]:
    """A line for each queue: its name, its state, and what came of its VMs or why it cannot be read."""
    from tui.app.commands.output import columns, padded
    from tui.queue.model.words import counts_words

    rows = [(each["id"], each["state"], counts_words(each) if "counts" in each else each["why"]) for each in found]
    widths = [max((columns(row[place]) for row in rows), default=0) for place in range(2)]
    cells = ([padded(row[place], widths[place], right=False) for place in range(2)] + [row[2]] for row in rows)
    return ["  ".join(each).rstrip() for each in cells]


def status_lines(status: "Status") -> list[str]:
    """The status for a person."""
    from tui.queue.model.limits import limits_of
    from tui.queue.model.words import entry_words, limits_sentence, progress_line, state_sentence

    head = [progress_line(status), state_sentence(status), limits_sentence(limits_of(status["limits"]))]
    entries = [f"  {entry_words(each)}" for each in status["entries"]]
    return [*head, *entries, *_how_it_goes_on(status), f"  {status['folder']}"]


def _how_it_goes_on(status: "Status") -> list[str]:
    from tui.queue.model.status import INTERRUPTED, PAUSED, STOPPED

    waits = status["counts"]["queued"]
    goes_on = status["state"] == PAUSED or (status["state"] in (STOPPED, INTERRUPTED) and waits)
    return ["`vmlm-tui queue resume` goes on with it."] if goes_on else []


def json_line(**fields: Any) -> str:
    """One JSON object of the command's output."""
    return json.dumps({"format": JSON_FORMAT, **fields}, ensure_ascii=False)


def table(plan: "QueuePlan", width: int) -> list[str]:
    """The table of a plan; the notes of the last column are cut to the width."""
    from tui.app.commands.output import columns, cut, padded
    from tui.queue.model.words import HEAD, plan_rows

    rows = [HEAD, *plan_rows(plan)]
    if len(rows) == 1:
        return []
    widths = [max(columns(row[place]) for row in rows) for place in range(len(HEAD))]
    right = (0, 4)  # the number and the memory
    lines = ("  ".join(padded(cell, widths[n], right=n in right) for n, cell in enumerate(row)) for row in rows)
    return [cut(line.rstrip(), width) for line in lines]


# -- following --


async def begun(session: Session, queue: "QueueClient", status: "Status", *, as_json: bool) -> int:
    """Follow a queue that was just started."""
    await session.report_logout()
    return await follow(session, queue, status, as_json=as_json)


async def follow(session: Session, queue: "QueueClient", status: "Status", *, as_json: bool) -> int:
    """Show what changes until the queue is over; returns the exit status."""
    import asyncio

    from tui.core.limit import within
    from tui.queue.model.status import ENDED
    from tui.queue.model.words import changed, progress_line, running_words

    output, signals, event = session.output, session.signals, asyncio.Event()
    signals.on_signal = event.set
    while status["state"] not in ENDED:
        if not as_json:
            output.progress(progress_line(status), running_words(status) or status["doing"])
        with contextlib.suppress(asyncio.TimeoutError):
            await within(PROGRESS_EVERY_S, event.wait())
        number = signals.take()
        if number or output.closed:
            return _leave(session, number)
        before, status = status, await _newest(queue, status)
        if not as_json:
            output.lines(changed(before, status))
    output.lines([json_line(queue=status)] if as_json else end_lines(status))
    return exit_status(status)


def end_lines(status: "Status") -> list[str]:
    """What came of a queue that is over."""
    from tui.queue.model.plan import EVACUATE
    from tui.queue.model.words import end_lines as of_vms
    from tui.queue.model.words import state_sentence

    lines = [state_sentence(status), *of_vms(status), *_how_it_goes_on(status)]
    if status["purpose"] == EVACUATE:
        host = status["host"]
        how = f"`vmlm-tui bring-back {host}` brings its VMs back, and ends that"
        lines.append(f"{host} is in maintenance: nothing is proposed to go there. {how}.")
    if any(each["run"] for each in status["entries"]):
        lines.append(f"`vmlm-tui runs list queue:={status['id']}` lists its migrations.")
    return [*lines, f"  {status['folder']}"]


def exit_status(status: "Status") -> int:
    """0 if all VMs were moved or were gone already."""
    from tui.queue.model.status import FINISHED

    if status["state"] != FINISHED:
        return WAS_STOPPED
    counts = status["counts"]
    return REMAINS if counts["failed"] or counts["cannot move"] or counts["taken out"] else 0


async def _newest(queue: "QueueClient", status: "Status") -> "Status":
    """The status now; if the runner has ended, the next one has it."""
    from tui.runner.protocol import Stopped

    try:
        return await queue.status(status["id"]) or status
    except Stopped:
        return await queue.status(status["id"]) or status


def _leave(session: Session, number: int) -> int:
    import signal

    how = "`vmlm-tui queue watch` follows it, `vmlm-tui queue stop` stops it"
    session.output.report(f"The queue continues in the background; {how}.")
    return 128 + (number or signal.SIGPIPE)
