"""`vmlm-tui migrate VM`: starts a migration, and follows it."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.app.commands import migrate_options
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.failure import Failure
from tui.core.plan import AUTOMATIC, POST_COPY_TIMEOUT, TECHNIQUES, Plan
from tui.core.settings import HYPERVISORS, OTHER
from tui.forecast.model.policy import POLICIES
from tui.migration.model import entry
from tui.migration.model.entry import Entry

if TYPE_CHECKING:
    from tui.app.arguments import Parser
    from tui.core.settings import Config
    from tui.forecast.model.forecast import Inputs
    from tui.migration.backend.migrations import Migration

CANNOT_START = 2
USAGE = "migrate VM [--to HOST] [--technique TECHNIQUE] [--timeout TIME] [--downtime TIME] [--bandwidth RATE]\n" + (
    " " * 24 + "[--[no-]auto-converge] [--parallel N] [--policy NAME] [--[no-]shadow] [--forecast [--probe]]\n"
    " " * 24 + "[--OPTION of virsh migrate ...] [--json | --detach] [--config FILE] [--help]"
)
ABOUT = """\
Live-migrates VM to the other host and follows it until it is over. Values that are not given are those of [migration]
in the configuration. The migration belongs to a background process: it continues if this command ends.
The exit status is 0 if the VM was moved, 3 if the migration was cancelled, 2 if it could not start, else 1; 128 and the
number of the signal if the command was interrupted."""


def main(verb: str, words: list[str]) -> int:
    """Start and follow a migration; returns the exit status, raises Failure for wrong words."""
    parser = _parser(verb)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.vm is None:
        parser.error("VM is missing")
    config = configured(options)
    plan = plan_of(options, config)

    async def command(session: Session) -> int:
        return await migrate(session, plan, options, await _forecast(session, config, plan, options))

    return run(verb, options, config, command, failed=CANNOT_START)


def _parser(verb: str) -> "Parser":
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("vm", nargs="?", metavar="VM", help="the name that libvirt has for it")
    parser.add_argument("--to", choices=HYPERVISORS, metavar="HOST", help="where it must end: source or destination")
    parser.add_argument("--technique", choices=TECHNIQUES, metavar="TECHNIQUE", help=", ".join(TECHNIQUES))
    parser.add_argument("--timeout", metavar="TIME", help="post-copy starts after it, such as 25s")
    limits(parser)
    parser.add_argument("--auto-converge", action=argparse.BooleanOptionalAction, help="slow the VM if necessary")
    parser.add_argument("--parallel", "--parallel-connections", metavar="N", help="connections; 0 means one")
    parser.add_argument("--policy", choices=list(POLICIES), help="the rules by which automatic decides")
    parser.add_argument("--shadow", action=argparse.BooleanOptionalAction, help="only record what automatic would do")
    parser.add_argument("--forecast", action="store_true", help="measure for 15 s first; automatic decides by it, too")
    parser.add_argument("--probe", action="store_true", help="with --forecast: send for one second to measure the link")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="the records as JSON lines, and the result as the last one")
    output.add_argument("--detach", action="store_true", help="print the folder of the run and return at once")
    migrate_options.add(parser)
    return parser


def limits(parser: "Parser") -> None:
    """Add the options that `vmlm-tui set` has, too."""
    parser.add_argument("--downtime", metavar="TIME", help="the VM may be paused for it, such as 300ms")
    parser.add_argument("--bandwidth", metavar="RATE", help="at most, such as 100MiB/s; 0 means no limit")


def number(parse: Any, kind: Entry, text: str) -> Any:
    """The number that `parse`, a method of Entry, reads; Failure with the sentence of the form if it refuses."""
    try:
        return parse(kind, text)
    except ValueError as error:
        raise Failure(str(error)) from error


def plan_of(options: argparse.Namespace, config: "Config") -> Plan:
    """The plan: the configured one with the given options; Failure for a value that the form would refuse."""
    numbers = {
        "timeout_s": (Entry.read, entry.TIMEOUT, options.timeout),
        "downtime_ms": (Entry.read_whole, entry.DOWNTIME, options.downtime),
        "bandwidth_mib_s": (Entry.read_whole, entry.BANDWIDTH, options.bandwidth),
        "parallel": (Entry.read_whole, entry.PARALLEL, options.parallel),
    }
    given = {name: number(*each) for name, each in numbers.items() if each[2] is not None}
    chosen = {"technique": options.technique, "auto_converge": options.auto_converge, "shadow": options.shadow}
    chosen["policy"] = options.policy
    given |= {name: value for name, value in chosen.items() if value is not None}
    given |= migrate_options.given(options)
    plan = replace(config.migration.plan(options.vm), **given)
    if options.timeout is not None and plan.technique != POST_COPY_TIMEOUT:
        hint = f"Add --technique {POST_COPY_TIMEOUT}, or leave --timeout out."
        raise Failure("--timeout has no effect", f"the technique is {plan.technique}", hint)
    if options.policy is not None and plan.technique != AUTOMATIC and not plan.shadow:
        hint = f"Add --technique {AUTOMATIC}, or leave --policy out."
        raise Failure("--policy has no effect", f"the technique is {plan.technique}", hint)
    if options.probe and not options.forecast:
        raise Failure("--probe has no effect", "nothing is forecast", "Add --forecast, or leave --probe out.")
    return plan


async def migrate(session: Session, plan: Plan, options: argparse.Namespace, inputs: "Inputs | None" = None) -> int:
    """Start `plan`, and follow it unless it is detached; `inputs` are those of its forecast."""
    from tui.app.commands.follow import Following

    following = Following(session, json=options.json, asks=True)
    migration = await _start(session, plan, options.to or "", inputs)
    await session.report_logout()
    if options.detach:
        session.output.lines([str(migration.folder)])
        return 0
    return await following.until_over(migration)


async def _start(session: Session, plan: Plan, to: str, inputs: "Inputs | None") -> "Migration":
    from tui.migration.backend.preflight import Moved

    try:
        return await session.migrations.start(plan, OTHER.get(to, ""), inputs)
    except Moved as moved:
        raise Failure(f"{plan.vm} is on {to} already", "", "Nothing was started.") from moved


async def _forecast(session: Session, config: "Config", plan: Plan, options: argparse.Namespace) -> "Inputs | None":
    """What the forecast starts from, measured now; None if none is requested."""
    if not options.forecast:
        return None
    from tui.app.commands.measure import measured
    from tui.app.wiring import forecaster_alone

    connections, forecaster = forecaster_alone(config)
    try:
        return (await measured(session, connections, forecaster, plan, options)).inputs
    finally:
        await connections.close()
