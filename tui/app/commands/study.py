"""`vmlm-tui study`: starts, follows, stops and continues a study, as a client of the runner."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.app.commands.stdout import printed
from tui.study import EXAMPLES

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping

    from tui.core.settings import Config
    from tui.study.backend.client import Status

    Lines = Callable[[Mapping[str, int]], list[str]]  # of a plan, with the memory of its VMs as far as known

CANNOT_START, WAS_STOPPED = 2, 3
JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
STATUS, WATCH, STOP, RESUME, REPORT = "status", "watch", "stop", "resume", "report"
PROGRESS_EVERY_S = 1.0
NOTHING = "Nothing was started."
USAGE = f"""\
study FILE [--dry-run | --yes] [--detach] [--config FILE] [--help]
       vmlm-tui study status [STUDY] [--json]
       vmlm-tui study watch [STUDY]
       vmlm-tui study stop
       vmlm-tui study resume [STUDY] [--detach]
       vmlm-tui study report [STUDY] [-o FILE]
       vmlm-tui study --example {{{",".join(EXAMPLES)}}}"""
ABOUT = """\
Runs the study that FILE describes: each workload with each technique and option, several times, there and back, in an
order that its seed gives. It belongs to a background process: it continues if this command ends. A stopped study is
continued by `resume`, which repeats nothing that is done. `--example` prints a plan to start from.
The exit status is 0 if the study is complete, 3 if it was stopped, 2 if it could not start, else 1; 128 and the number
of the signal if the command was interrupted."""


def main(verb: str, words: list[str]) -> int:
    """Run the command; returns the exit status, raises Failure for wrong words."""
    if words[:1] == [REPORT]:
        from tui.app.commands import study_report

        return study_report.main(verb, words[1:])
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("what", nargs="?", metavar="FILE", help="a plan; or status, watch, stop, resume, report")
    parser.add_argument(
        "study", nargs="?", metavar="STUDY", help="its name, or that of its folder; the newest by default"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what it would do, how long it would take, and whether it could start",
    )
    parser.add_argument("--yes", action="store_true", help="start without a question")
    parser.add_argument("--detach", action="store_true", help="print the name of the study and return at once")
    parser.add_argument("--json", action="store_true", help="the status as one JSON object; its `format` is 1")
    parser.add_argument("--example", choices=EXAMPLES, metavar="NAME", help=f"print a plan: {' or '.join(EXAMPLES)}")
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.example:
        return _print_example(options.example)
    if options.what is None:
        parser.error("FILE is missing")
    allowed = {STATUS: {"json", "study"}, WATCH: {"study"}, STOP: set(), RESUME: {"detach", "study"}}
    allowed_here = allowed.get(options.what, {"dry_run", "yes", "detach"})
    for each in ("study", "dry_run", "yes", "detach", "json"):
        if getattr(options, each) and each not in allowed_here:
            word = repr(options.study) if each == "study" else f"--{each.replace('_', '-')}"
            parser.error(f"{word} has no meaning here")
    commands = {STATUS: _status, WATCH: _watch, STOP: _stop, RESUME: _resume}
    if options.what not in commands:
        return _new(verb, options, configured(options))
    command = commands[options.what]

    async def chosen(session: Session) -> int:
        return await command(session, options)

    return run(verb, options, configured(options), chosen)


def _print_example(name: str) -> int:
    from tui.study.backend.plan_file import example

    printed([example(name)])
    return 0


# -- a new study --


def _new(verb: str, options: "Namespace", config: "Config") -> int:
    from tui.study.backend.plan_file import read, text_of
    from tui.study.model.estimate import estimate
    from tui.study.model.schedule import schedule
    from tui.study.model.status import plan_lines

    path = Path(options.what)
    text = text_of(path)
    plan, cells = read(text, config.vm.name, str(path))
    steps = schedule(plan, cells, 0)  # the order does not change the time

    def lines(memory_bytes: "Mapping[str, int]") -> list[str]:
        known = {config.vm.name: config.vm.memory_bytes, **memory_bytes}
        return plan_lines(plan, cells, estimate(plan, steps, steps, {}, known))

    async def command(session: Session) -> int:
        if options.dry_run:
            return await _check(session, text, lines)
        session.output.lines(lines({}))
        if not options.yes and not await _agreed(session):
            session.output.lines([NOTHING])
            return CANNOT_START
        return await _start(session, text, options)

    return run(verb, options, config, command)


async def _check(session: Session, text: str, lines: "Lines") -> int:
    """Print what the plan would do, and whether a start would be refused now; CANNOT_START if so."""
    from tui.app.commands.output import with_commands
    from tui.core.failure import Failure
    from tui.study.model.status import UNCHECKED

    try:
        memory_bytes = await session.studies.check(text)
    except Failure as failure:
        session.output.lines(lines({}))
        session.output.report(with_commands(str(failure)))
        return CANNOT_START
    if memory_bytes is None:
        session.output.lines([*lines({}), UNCHECKED, NOTHING])
        return 0
    can = "It could start now: the hosts and the guests respond."
    session.output.lines([*lines(memory_bytes), f"{can} {NOTHING}"])
    return 0


async def _start(session: Session, text: str, options: "Namespace") -> int:
    """Start the study and follow it; a Failure after the start is not one of the start."""
    from tui.app.commands.output import with_commands
    from tui.core.failure import Failure

    try:
        status = await session.studies.start(text)
    except Failure as failure:
        session.output.report(with_commands(str(failure)))
        return CANNOT_START
    return await _begun(session, status, options)


async def _agreed(session: Session) -> bool:
    """Whether the person at the terminal wants the study; True without a terminal."""
    import asyncio
    import sys

    from tui.app.commands.follow import keys

    if not session.output.terminal or sys.stdin is None or not sys.stdin.isatty():
        return True
    pressed: asyncio.Queue[str] = asyncio.Queue()
    with keys(pressed.put_nowait):
        session.output.lines(["Start it? y starts it, any other key does not."])
        return await pressed.get() in ("y", "Y")


async def _begun(session: Session, status: "Status", options: "Namespace") -> int:
    await session.report_logout()
    if options.detach:
        session.output.lines([status["id"]])
        return 0
    return await _follow(session, status)


# -- one that exists --


async def _status(session: Session, options: "Namespace") -> int:
    from tui.study.model.status import cell_lines, progress_line

    found = await session.studies.status(options.study or "")
    if options.json:
        study = {"format": JSON_FORMAT, "study": found}
        session.output.lines([json.dumps(study, ensure_ascii=False)])
    elif found is None:
        session.output.lines(["There is no study of this configuration."])
    else:
        head = [f"{found['name']}  {progress_line(found)}", _sentence(found)]
        session.output.lines([*head, *cell_lines(found), f"  {found['folder']}"])
    return 0


async def _watch(session: Session, options: "Namespace") -> int:
    from tui.core.failure import Failure

    found = await session.studies.status(options.study or "")
    if found is None:
        raise Failure("There is no study of this configuration")
    return await _follow(session, found)


async def _stop(session: Session, _options: "Namespace") -> int:
    status = await session.studies.stop()
    what = "stops as soon as a migration under way has ended, and its workload"
    session.output.lines([f"The study {status['name']} {what}. {_resume_it(status)}"])
    return 0


async def _resume(session: Session, options: "Namespace") -> int:
    return await _begun(session, await session.studies.resume(options.study or ""), options)


async def _follow(session: Session, status: "Status") -> int:
    """Show the progress until the study is over; returns the exit status."""
    import asyncio
    import contextlib

    from tui.core.limit import within
    from tui.study.model.status import FINISHED, OVER, STOPPED, cell_lines, newest_line, progress_line

    output, signals, changed = session.output, session.signals, asyncio.Event()
    signals.on_signal = changed.set
    known = status["done"]
    while status["state"] not in OVER:
        if status["done"] != known:
            known = status["done"]
            output.lines([newest_line(status)])
        output.progress(progress_line(status), _sentence(status))
        with contextlib.suppress(asyncio.TimeoutError):
            await within(PROGRESS_EVERY_S, changed.wait())
        number = signals.take()
        if number or output.closed:
            return _leave(session, status, number)
        status = await _newest(session, status)
    last = [newest_line(status)] if status["done"] != known else []
    output.lines([*last, _sentence(status), *cell_lines(status), f"  {status['folder']}"])
    return {FINISHED: 0, STOPPED: WAS_STOPPED}.get(status["state"], 1)


async def _newest(session: Session, status: "Status") -> "Status":
    """The status now; if the runner has ended, the next one has it."""
    from tui.runner.protocol import Stopped

    try:
        return await session.studies.status(status["id"]) or status
    except Stopped:
        return await session.studies.status(status["id"]) or status


def _leave(session: Session, status: "Status", number: int) -> int:
    import signal

    how = "`vmlm-tui study stop` stops it, `vmlm-tui study watch` follows it"
    session.output.report(f"The study {status['name']} continues in the background; {how}.")
    return 128 + (number or signal.SIGPIPE)


def _sentence(status: "Status") -> str:
    from tui.study.model.status import INTERRUPTED, STOPPED, state_sentence

    sentence = state_sentence(status)
    return f"{sentence} {_resume_it(status)}" if status["state"] in (STOPPED, INTERRUPTED) else sentence


def _resume_it(status: dict[str, Any]) -> str:
    return f"`vmlm-tui study resume {status['id']}` continues it."
