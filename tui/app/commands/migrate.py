"""`vmlm-tui migrate VM`: starts a migration, and follows it."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.app.commands import migrate_options
from tui.app.commands.best_target import with_target
from tui.app.commands.options import add_limits, add_vm, numbers, target_host
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.failure import Failure
from tui.core.plan import (
    AUTOMATIC,
    NOT_ALLOWED,
    POST_COPY_TIMEOUT,
    SUSPEND_TIMEOUT,
    TECHNIQUES,
    TIMED,
    Plan,
    without_post_copy,
)
from tui.forecast.model.policy import POLICIES

if TYPE_CHECKING:
    from tui.app.arguments import Parser
    from tui.core.settings import Config
    from tui.forecast.model.forecast import Inputs
    from tui.migration.backend.migrations import Migration

CANNOT_START = 2
USAGE = """migrate VM [--to HOST] [--technique TECHNIQUE] [--timeout TIME] [--downtime TIME] [--bandwidth RATE]
                        [--[no-]auto-converge] [--parallel N] [--policy NAME] [--total TIME] [--no-post-copy]
                        [--[no-]shadow] [--forecast [--probe]] [--OPTION of virsh migrate ...] [--json | --detach]
                        [--preset NAME] [--offline] [--dry-run [--python]] [--config FILE] [--help]"""
ABOUT = """\
Live-migrates VM to another host and follows it until it is over. Values that are not given are those of [migration]
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
    if options.offline:
        return _offline(verb, options, config, plan)
    if options.dry_run:
        from tui.app.commands.dry_run import main as dry_run

        return dry_run(verb, options, config, plan)

    async def command(session: Session) -> int:
        chosen = await with_target(config, plan, session.output.report)
        return await migrate(session, chosen, options, await _forecast(session, config, chosen, options))

    return run(verb, options, config, command, failed=CANNOT_START)


def _parser(verb: str) -> "Parser":
    parser = parser_of(verb, USAGE, ABOUT)
    add_vm(parser)
    parser.add_argument("--to", metavar="HOST", help="where it must end; without it the best host, with the reason")
    parser.add_argument("--preset", metavar="NAME", help="the options of [technique.NAME] in the configuration")
    parser.add_argument("--technique", choices=TECHNIQUES, metavar="TECHNIQUE", help=", ".join(TECHNIQUES))
    parser.add_argument("--timeout", metavar="TIME", help="then post-copy starts, or the VM is suspended; such as 25s")
    add_limits(parser)
    parser.add_argument("--auto-converge", action=argparse.BooleanOptionalAction, help="slow the VM if necessary")
    parser.add_argument("--parallel", "--parallel-connections", metavar="N", help="connections; 0 means one")
    parser.add_argument("--policy", choices=list(POLICIES), help="the rules by which automatic decides")
    parser.add_argument("--total", metavar="TIME", help="the longest total time of automatic; 0 means no limit")
    parser.add_argument("--no-post-copy", action="store_true", help="automatic must slow the VM down instead")
    parser.add_argument("--shadow", action=argparse.BooleanOptionalAction, help="only record what automatic would do")
    parser.add_argument("--forecast", action="store_true", help="measure for 15 s first; automatic decides by it, too")
    parser.add_argument("--probe", action="store_true", help="with --forecast: send for one second to measure the link")
    parser.add_argument("--offline", action="store_true", help="move the definition of a VM that is off, nothing else")
    parser.add_argument("--dry-run", action="store_true", help="print the same as commands of virsh, and start nothing")
    parser.add_argument("--python", action="store_true", help="with --dry-run: as a program with libvirt-python")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="the records as JSON lines, and the result as the last one")
    output.add_argument("--detach", action="store_true", help="print the folder of the run and return at once")
    migrate_options.add(parser)
    return parser


def plan_of(options: argparse.Namespace, config: "Config") -> Plan:
    """The plan: the configured one with the given options; Failure for a value that the form would refuse."""
    chosen = {"technique": options.technique, "auto_converge": options.auto_converge, "shadow": options.shadow}
    chosen["policy"] = options.policy
    given = numbers(options) | {name: value for name, value in chosen.items() if value is not None}
    given |= migrate_options.given(options)
    base = config.migration if options.preset is None else config.technique.get(options.preset)
    plan = replace(_with_base(base.plan(options.vm), given), to=target_host(options, config))
    if options.timeout is not None and plan.technique not in TIMED:
        hint = f"Add --technique {POST_COPY_TIMEOUT} or {SUSPEND_TIMEOUT}, or leave --timeout out."
        raise Failure("--timeout has no effect", f"the technique is {plan.technique}", hint)
    if options.total is not None and plan.technique != AUTOMATIC and not plan.shadow:
        hint = f"Add --technique {AUTOMATIC}, or leave --total out."
        raise Failure("--total has no effect", f"the technique is {plan.technique}", hint)
    if options.policy is not None and plan.technique != AUTOMATIC and not plan.shadow:
        hint = f"Add --technique {AUTOMATIC}, or leave --policy out."
        raise Failure("--policy has no effect", f"the technique is {plan.technique}", hint)
    if options.no_post_copy:
        if plan.technique != AUTOMATIC:
            hint = f"Add --technique {AUTOMATIC}, or leave --no-post-copy out."
            raise Failure("--no-post-copy has no effect", f"the technique is {plan.technique}", hint)
        plan = without_post_copy(plan, NOT_ALLOWED)
    live_only = [word for word in ("dry_run", "detach", "json", "forecast") if getattr(options, word)]
    if options.offline and live_only:
        word = f"--{live_only[0].replace('_', '-')}"
        raise Failure(f"{word} has no effect", "an offline migration moves only a definition", f"Leave {word} out.")
    if options.python and not options.dry_run:
        raise Failure("--python has no effect", "the migration is started", "Add --dry-run, or leave --python out.")
    if options.dry_run and (options.detach or options.forecast):
        word = "--detach" if options.detach else "--forecast"
        raise Failure(f"{word} has no effect", "nothing is started", f"Leave {word} or --dry-run out.")
    if options.probe and not options.forecast:
        raise Failure("--probe has no effect", "nothing is forecast", "Add --forecast, or leave --probe out.")
    return plan


def _with_base(base: Plan, given: dict[str, Any]) -> Plan:
    """The configured plan with the given options; what it does not allow "automatic" holds for that alone."""
    plan = replace(base, **given)
    if plan.technique != AUTOMATIC:
        return replace(plan, post_copy_refused="")
    return without_post_copy(plan, plan.post_copy_refused) if plan.post_copy_refused else plan


def _offline(verb: str, options: argparse.Namespace, config: "Config", plan: Plan) -> int:
    """Move the definition of a VM that is off, and print what is so now."""

    async def command(session: Session) -> int:
        from tui.migration.backend.before.preflight import Moved

        try:
            chosen = await with_target(config, plan, session.output.report)
            session.output.lines([await session.migrations.move_definition(chosen)])
        except Moved as moved:
            raise Failure(f"{plan.vm} is on {plan.to} already", "", "Nothing was moved.") from moved
        return 0

    return run(verb, options, config, command, failed=CANNOT_START)


async def migrate(session: Session, plan: Plan, options: argparse.Namespace, inputs: "Inputs | None" = None) -> int:
    """Start `plan`, and follow it unless it is detached; `inputs` are those of its forecast."""
    from tui.app.commands.follow import Following

    following = Following(session, json=options.json, asks=True)
    migration = await _start(session, plan, inputs)
    await session.report_logout()
    if options.detach:
        session.output.lines([str(migration.folder)])
        return 0
    return await following.until_over(migration)


async def _start(session: Session, plan: Plan, inputs: "Inputs | None") -> "Migration":
    from tui.migration.backend.before.preflight import Moved

    try:
        return await session.migrations.start(plan, forecast=inputs)
    except Moved as moved:
        raise Failure(f"{plan.vm} is on {plan.to} already", "", "Nothing was started.") from moved


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
