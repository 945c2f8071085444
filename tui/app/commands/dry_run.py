"""`vmlm-tui migrate VM --dry-run`: prints what the app would call, and starts nothing."""

# Imports are local so that a wrong option is fast.
# ruff: noqa: PLC0415

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from tui.app.commands.best_target import with_target
from tui.app.commands.output import Output, with_commands
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.core.connections import Connections
    from tui.core.plan import Plan
    from tui.core.settings import Config
    from tui.migration.backend.scripts import Scripts

REFUSED = 2


def main(verb: str, options: argparse.Namespace, config: "Config", plan: "Plan") -> int:
    """Print the commands; the exit status is 2 if the migration could not start."""
    from tui.app.wiring import scripts_alone
    from tui.core import log
    from tui.core.settings import state_folder

    connections, scripts = scripts_alone(config)
    with log.stderr_redirected(log.start(state_folder() / log.NAME)):
        output = Output(verb, sys.stdout, sys.__stderr__)
        return asyncio.run(_closing(connections, scripts, plan, options, output))


async def _closing(
    connections: "Connections", scripts: "Scripts", plan: "Plan", options: argparse.Namespace, output: Output
) -> int:
    try:
        plan = await with_target(connections.config, plan, output.report)
        return await dry_run(connections, scripts, plan, options, output)
    except Failure as failure:
        output.report(with_commands(str(failure)))
        return REFUSED
    finally:
        await connections.close()


async def dry_run(
    connections: "Connections", scripts: "Scripts", plan: "Plan", options: argparse.Namespace, output: Output
) -> int:
    """Print what the app would call, then on stderr what would keep it from that; returns the exit status."""
    origin, failures = await _origin(connections, plan)
    doubts: tuple[str, ...] = ()
    if plan.tls and not failures:
        failures, doubts = await _certificates(connections, plan, origin)
    script, target = await scripts.of_plan(plan, origin), connections.config.target(origin, plan.to)
    if options.json:
        found: dict[str, Any] = {"kind": "dry-run", "vm": plan.vm, "origin": origin, "target": target}
        found |= {"virsh": script.virsh, "python": script.python, "refused": [str(each) for each in failures]}
        found["unchecked"] = list(doubts)
        output.lines([json.dumps(found, ensure_ascii=False)])
    else:
        output.lines((script.python if options.python else script.virsh).split("\n")[:-1])
    for failure in failures:
        output.report(with_commands(str(failure)))
    for doubt in doubts:
        output.report(doubt)
    return REFUSED if failures else 0


async def _certificates(
    connections: "Connections", plan: "Plan", origin: str
) -> tuple[tuple[Failure, ...], tuple[str, ...]]:
    """Why the certificates of both hosts would prevent the start, and what could not be checked."""
    from tui.linux.sudo import Sudo
    from tui.migration.backend.before.tls_check import TlsCheck

    found = await TlsCheck(connections, Sudo(connections.shell)).check(plan, origin)
    return found.failures, found.doubts


async def _origin(connections: "Connections", plan: "Plan") -> tuple[str, tuple[Failure, ...]]:
    """The host that has the VM, and what would keep the migration from starting; Failure if no host has it."""
    from tui.migration.backend.before.preflight import Moved, Refused, checked
    from tui.migration.backend.inventory import inventory_of

    try:
        return (await checked(connections, plan))[0].host, ()
    except Moved as moved:
        raise Failure(f"{plan.vm} is on {plan.to} already", "", "Nothing was started.") from moved
    except Refused as refused:
        failures = refused.failures
    found = (await inventory_of(connections)).origin(plan.vm)
    if found is None:
        raise failures[0]
    return found.host, failures
