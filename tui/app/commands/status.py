"""`vmlm-tui status`: the migrations that the runner follows, and where the VMs are."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

import json
from typing import TYPE_CHECKING, Any

from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.actions import without_keys
from tui.core.failure import Failure, or_failure
from tui.core.host_words import none_of

if TYPE_CHECKING:
    from tui.migration.backend.migrations import Migration
    from tui.vm.model.location import Inventory, VmPlacement

JSON_FORMAT = 1  # raised when a key changes its meaning or is removed; new keys do not change it
USAGE = "status [--json] [--config FILE] [--help]"
ABOUT = """\
Prints the migrations that are under way or have just ended, and where each VM is. It changes nothing.
The exit status is 1 if a host or the background process does not answer, else 0."""


def main(verb: str, words: list[str]) -> int:
    """Print the status; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of text; its `format` is 1")
    options = parser.parse(words)
    if options.help:
        return help_of(parser)

    async def command(session: Session) -> int:
        return await status(session, as_json=options.json)

    return run(verb, options, configured(options), command)


async def status(session: Session, *, as_json: bool) -> int:
    """Read everything, and print it; what cannot be read is reported on stderr."""
    from tui.core.together import together

    migrations = session.migrations
    attached, inventory = await together(or_failure(migrations.attach()), migrations.vms())
    warning = await session.report_logout()
    found = list(migrations.all.values())
    if as_json:
        session.output.lines([json.dumps(document(found, inventory, warning), ensure_ascii=False)])
    else:
        session.output.lines([*map(migration_line, found), *vm_lines(inventory)])
    failures = [attached] if isinstance(attached, Failure) else []
    for failure in failures:
        session.output.report(without_keys(str(failure)))
    for host, failure in inventory.failures.items():
        session.output.report(f"{host}: {without_keys(str(failure))}")
    return int(bool(failures or inventory.failures))


def migration_line(migration: "Migration") -> str:
    """The VM, its direction, what is left to send, and the sentence of the Migrate page."""
    from tui.app.commands.lines import figures, verdict, way

    elapsed = migration.elapsed()
    return f"{way(migration)}  {figures(migration.timeline, elapsed)}  {verdict(migration, elapsed).text}"


def placements(inventory: "Inventory") -> "list[VmPlacement]":
    """Where each VM is, sorted by name."""
    return [inventory.where(name) for name in sorted({each.vm.name for each in inventory.found})]


def vm_lines(inventory: "Inventory") -> list[str]:
    """A line for each VM, or that there is none."""
    lines = [f"{each.name}  {each.sentence}" for each in placements(inventory)]
    return lines or ([] if inventory.failures else [f"{none_of(inventory.hosts).capitalize()} has a VM."])


def document(migrations: "list[Migration]", inventory: "Inventory", warning: Failure | None = None) -> dict[str, Any]:
    """All of it as one JSON object; `warning` is that of the runner."""
    return {
        "format": JSON_FORMAT,
        "migrations": [_migration(each) for each in migrations],
        "vms": [
            {"vm": each.name, "host": each.host or None, "state": each.vm.state if each.vm else None}
            for each in placements(inventory)
        ],
        "failures": {host: without_keys(str(failure)) for host, failure in inventory.failures.items()},
        "warning": str(warning) if warning else None,
    }


def _migration(migration: "Migration") -> dict[str, Any]:
    from tui.app.commands.lines import verdict

    timeline, elapsed = migration.timeline, migration.elapsed()
    point = timeline.point
    return {
        "vm": migration.vm.name,
        "origin": migration.origin,
        "target": migration.timeline.target or None,  # None if unknown: another program started it
        "run": str(migration.folder),
        "phase": timeline.phase,
        "over": timeline.over,
        "pass": timeline.passes_begun,
        "remaining_bytes": point.remaining if point else None,
        "rate_bytes_s": round(point.rate) if point and point.rate is not None else None,
        "elapsed_s": round(elapsed, 3),
        "sentence": verdict(migration, elapsed).text,
    }
