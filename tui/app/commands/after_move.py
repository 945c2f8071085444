"""`vmlm-tui announce` and `clock`: what a person can do for a VM that has moved, as the keys of the Migrate page."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from argparse import Namespace
from typing import TYPE_CHECKING

from tui.app.commands.options import add_vm
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.failure import Failure

if TYPE_CHECKING:
    from tui.migration.backend.after.after_move import AfterMove

STATUS = "The exit status is 0 once it is done, else 1; 2 for wrong arguments."
ABOUT = {
    "announce": "Lets the running VM announce the addresses of its network cards to the switches again, as at the end "
    f"of a migration. {STATUS}",
    "clock": "Compares the clock of the guest of VM with that of its host, through the guest agent; --set sets it. "
    f"{STATUS}",
}
OPTION = {
    "announce": ("--monitor", "where libvirt is older than 12.5, send announce-self to QEMU: this taints the VM"),
    "clock": ("--set", "set the guest's clock to that of its host"),
}


def main(verb: str, words: list[str]) -> int:
    """Announce the VM, or compare its clock; returns the exit status, raises Failure for wrong words."""
    name, help_text = OPTION[verb]
    parser = parser_of(verb, f"{verb} VM [{name}] [--config FILE] [--help]", ABOUT[verb])
    add_vm(parser)
    parser.add_argument(name, action="store_true", dest="chosen", help=help_text)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.vm is None:
        parser.error("VM is missing")
    config = configured(options)

    async def command(session: Session) -> int:
        from tui.app.wiring import after_move_alone

        connections, after_move = after_move_alone(config)
        try:
            return await follow_up(verb, session, after_move, options)
        finally:
            await connections.close()

    return run(verb, options, config, command)


async def follow_up(verb: str, session: Session, after_move: "AfterMove", options: Namespace) -> int:
    """Do it, and print what came of it; returns the exit status, raises Failure."""
    if verb == "clock":
        session.output.lines([await _clock(after_move, options.vm, to_set=options.chosen)])
        return 0
    how = await after_move.announcing(options.vm)
    if how.taints and not how.why_not and not options.chosen:
        raise Failure(f"{how.name} was not announced", how.taint.rstrip("."), "With --monitor it is done nevertheless.")
    session.output.lines([await after_move.announce(how)])
    return 0


async def _clock(after_move: "AfterMove", name: str, *, to_set: bool) -> str:
    if to_set:
        return (await after_move.set_clock(name)).sentence(name)
    return f"The clock of {name} {(await after_move.clock(name)).text}."
