"""`vmlm-tui forecast VM`: measures a running VM, and prints what its migration would come to. It migrates nothing."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.commands.options import add_host, add_limits, add_vm, numbers, target_host
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.plan import Plan

if TYPE_CHECKING:
    from tui.app.arguments import Parser
    from tui.core.connections import Connections
    from tui.core.settings import Config
    from tui.forecast.backend.forecaster import Forecaster

USAGE = "forecast VM [--to HOST] [--probe] [--downtime TIME] [--bandwidth RATE] [--json] [--config FILE] [--help]"
ABOUT = """\
Measures for 15 s how much memory the running VM dirties, and prints what a migration to another host would come to
with each technique. It migrates nothing. The bandwidth is known from earlier runs between the two hosts, from the
limit, or from a probe. Values that are not given are those of [migration] in the configuration.
The exit status is 0 if there is a forecast, 2 for wrong arguments, else 1."""


def main(verb: str, words: list[str]) -> int:
    """Measure and forecast; returns the exit status, raises Failure for wrong words."""
    parser = _parser(verb)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.vm is None:
        parser.error("VM is missing")
    config = configured(options)
    plan = replace(plan_of(options, config), to=target_host(options, config))

    async def command(session: Session) -> int:
        from tui.app.wiring import forecaster_alone

        connections, forecaster = forecaster_alone(config)
        try:
            return await forecast(session, connections, forecaster, plan, options)
        finally:
            await connections.close()

    return run(verb, options, config, command)


def _parser(verb: str) -> "Parser":
    parser = parser_of(verb, USAGE, ABOUT)
    add_vm(parser)
    add_host(parser, "where it would go")
    parser.add_argument("--probe", action="store_true", help="send over the link for one second to measure it")
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    return parser


def plan_of(options: argparse.Namespace, config: "Config") -> Plan:
    """The plan: the configured one with the given limits; Failure for a value that the form would refuse."""
    return replace(config.migration.plan(options.vm), **numbers(options))


async def forecast(
    session: Session, connections: "Connections", forecaster: "Forecaster", plan: Plan, options: argparse.Namespace
) -> int:
    """Measure, and print the forecast; returns the exit status, raises Failure."""
    from tui.app.commands.forecast_lines import document, report
    from tui.app.commands.measure import measured

    found, target, inputs = await measured(session, connections, forecaster, plan, options)
    if options.json:
        session.output.lines([json.dumps(document(found, target, inputs), ensure_ascii=False)])
    else:
        session.output.lines(report(found, target, inputs, session.output.width))
    return 0
