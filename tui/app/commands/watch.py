"""`vmlm-tui watch`: follows a migration that is under way."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.actions import START
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.migration.backend.migrations import Migration, Migrations

USAGE = "watch [RUN|VM] [--json] [--config FILE] [--help]"
ABOUT = """\
Follows the migration under way, or the one that is named by its VM or its run, until it is over. Ctrl-C ends only this
command. The exit status is 0 if the VM was moved, 3 if the migration was cancelled, 1 if it was not moved or none is
under way."""


def main(verb: str, words: list[str]) -> int:
    """Follow a migration; returns the exit status, raises Failure for wrong words."""
    parser = parser_of(verb, USAGE, ABOUT)
    parser.add_argument("name", nargs="?", default="", metavar="RUN|VM", help="the folder of a run, or a VM")
    parser.add_argument("--json", action="store_true", help="the records as JSON lines, and the result as the last one")
    options = parser.parse(words)
    if options.help:
        return help_of(parser)

    async def command(session: Session) -> int:
        return await watch(session, options.name, json=options.json)

    return run(verb, options, configured(options), command)


async def watch(session: Session, name: str, *, json: bool) -> int:
    """Follow the migration `name` of the runner, or the only one."""
    from tui.app.commands.follow import Following

    following = Following(session, json=json, asks=False)
    await session.migrations.attach()
    return await following.until_over(chosen(session.migrations, name))


def chosen(migrations: "Migrations", name: str) -> "Migration":
    """The migration under way that is meant; by its name also one that is over. Raises Failure."""
    run = name.rstrip("/").rpartition("/")[2]
    found = [each for each in migrations.all.values() if not name or run == each.run or name == each.vm.name]
    under_way = [each for each in found if not each.timeline.over]
    if len(under_way) > 1:
        names = ", ".join(each.vm.name for each in under_way)
        raise Failure("Several migrations are under way", names, "Name the VM.")
    if under_way or (name and found):
        return (under_way or found)[-1]
    what = f"No migration of {name} is under way" if name else "No migration is under way"
    raise Failure(what, "", f"{START} starts one.")
