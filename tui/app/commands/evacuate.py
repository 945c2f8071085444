"""`vmlm-tui evacuate HOST` and `bring-back HOST`: plan a queue, start it in the runner, and follow it."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from tui.app.commands.queue_limits import add_limits, given
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.failure import Failure
from tui.core.plan import TECHNIQUES

if TYPE_CHECKING:
    from argparse import Namespace

    from tui.app.arguments import Parser
    from tui.queue.backend.client import QueueClient
    from tui.queue.backend.requests import Wish
    from tui.queue.model.plan import QueuePlan

CANNOT_START, REMAINS = 2, 1
EVACUATE, BRING_BACK = "evacuate", "bring-back"
LIMITS = """\
[--at-once N] [--per-host N] [--bandwidth RATE]
                {space}[--stop-after N] [--no-elsewhere] [--preset NAME] [--technique TECHNIQUE]
                {space}[--dry-run] [--json] [--config FILE] [--help]"""
USAGES = {
    EVACUATE: f"evacuate HOST [--to HOST ...] {LIMITS.format(space=' ' * 9)}",
    BRING_BACK: f"bring-back HOST [--mark-only] {LIMITS.format(space=' ' * 11)}",
}
STATUSES = """\
The exit status is 0 if all VMs were moved, 1 if some were not, 3 if the queue was stopped, 2 if it could not start; 128
and the number of the signal if the command was interrupted."""
ABOUTS = {
    EVACUATE: f"""\
Moves all running VMs of HOST to other hosts: shows the plan, starts it, and follows it until its end. From then on HOST
is in maintenance: nothing is proposed to go there. The migrations belong to a background process: they continue if
this command ends. {STATUSES}""",
    BRING_BACK: f"""\
Moves the VMs that an evacuation took from HOST back to it, those that still are where they went, and takes the mark of
the maintenance off. {STATUSES}""",
}


def main(verb: str, words: list[str]) -> int:
    """Plan, start and follow a queue; returns the exit status, raises Failure for wrong words."""
    parser = _parser(verb)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.host is None:
        parser.error("HOST is missing")
    wish = wish_of(verb, options)

    async def command(session: Session) -> int:
        from tui.app.commands.queue import opened

        async with opened(options) as queue:
            if getattr(options, "mark_only", False):
                return await _take_mark_off(session, queue, options.host)
            return await evacuate(session, queue, wish, options)

    return run(verb, options, configured(options), command, failed=CANNOT_START)


def _parser(verb: str) -> "Parser":
    parser = parser_of(verb, USAGES[verb], ABOUTS[verb])
    parser.add_argument("host", nargs="?", metavar="HOST", help="its name in the configuration")
    if verb == EVACUATE:
        parser.add_argument(
            "--to", nargs="+", action="extend", metavar="HOST", help="only these may take the VMs; any by default"
        )
    else:
        parser.add_argument("--mark-only", action="store_true", help="take the mark off, and move nothing")
    add_limits(parser)
    parser.add_argument("--preset", metavar="NAME", help="the options of [technique.NAME] in config.toml")
    parser.add_argument("--technique", choices=TECHNIQUES, metavar="TECHNIQUE", help=", ".join(TECHNIQUES))
    parser.add_argument("--dry-run", action="store_true", help="print the plan, and start nothing")
    parser.add_argument("--json", action="store_true", help="the plan and the end as JSON lines; their `format` is 1")
    return parser


def wish_of(verb: str, options: "Namespace") -> "Wish":
    """What the options ask for; raises Failure."""
    from tui.queue.backend.requests import Wish
    from tui.queue.model.limits import limits_of
    from tui.queue.model.plan import BACK
    from tui.queue.model.plan import EVACUATE as EMPTY

    purpose = EMPTY if verb == EVACUATE else BACK
    to = tuple(dict.fromkeys(getattr(options, "to", None) or ()))
    technique, preset, limits = options.technique or "", options.preset or "", limits_of(given(options))
    return Wish(purpose, options.host, to=to, technique=technique, limits=limits, preset=preset)


async def evacuate(session: Session, queue: "QueueClient", wish: "Wish", options: "Namespace") -> int:
    """Show the plan, start it and follow it; returns the exit status."""
    from tui.app.commands.queue import begun, json_line, table

    plan = await queue.plan(wish)
    if options.json:
        session.output.lines([json_line(plan=plan.fields)])
    else:
        session.output.lines(_lines(plan, table(plan, session.output.width)))
    if options.dry_run:
        return REMAINS if len(plan.movable) < len(plan.entries) else 0
    return await begun(session, queue, await queue.start(plan), as_json=options.json)


def _lines(plan: "QueuePlan", rows: list[str]) -> list[str]:
    from tui.queue.model.words import plan_sentences

    return [*rows, *plan_sentences(plan)]


async def _take_mark_off(session: Session, queue: "QueueClient", host: str) -> int:
    if host not in await queue.marks():
        raise Failure(f"{host} is not in maintenance")
    await queue.mark(host, on=False)
    session.output.lines([f"{host} is no longer in maintenance; its VMs stay where they are."])
    return 0
