"""`vmlm-tui post-copy`, `cancel`, `set`, `resume`, `pause`: change a migration under way, as the page's keys do."""

# Imports are local so that a wrong option and --help are fast.
# ruff: noqa: PLC0415

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.app.commands.options import add_limits, add_vm, numbers
from tui.app.commands.output import with_commands
from tui.app.commands.session import Session, configured, help_of, parser_of, run
from tui.core.failure import Failure
from tui.migration.model import record
from tui.migration.model.keys import BANDWIDTH, CANCEL, DOWNTIME, PAUSE, POST_COPY_NOW, RESUME, why_not
from tui.migration.model.record import Event, Record
from tui.migration.model.timeline import CANCELLED, COMPLETED, POST_COPY, Timeline

if TYPE_CHECKING:
    from tui.migration.backend.migrations import Migration, Migrations

STATUS = "The exit status is 0 once libvirt has accepted it, else 1; 2 for wrong arguments."
Request = tuple[str, int | None]  # an action of model.keys, and its value


@dataclass(frozen=True)
class Verb:
    """A command that requests one action; `done` is what it prints, with the VM and its hosts."""

    action: str
    about: str
    done: str


VERBS = {
    "post-copy": Verb(
        POST_COPY_NOW,
        "Switches the migration of VM to post-copy. Before the first pass, it waits until QEMU accepts that.",
        "{vm} is switched to post-copy: it continues on {target}.",
    ),
    "cancel": Verb(CANCEL, "Cancels the migration of VM.", "The migration of {vm} is cancelled: it stays on {origin}."),
    "resume": Verb(
        RESUME,
        "Resumes the broken post-copy of VM, again and again until QEMU accepts it and the memory moves.",
        "Post-copy of {vm} continues.",
    ),
    "pause": Verb(
        PAUSE,
        "Pauses the post-copy of VM, to try the recovery: only a resume continues it.",
        "Post-copy of {vm} is paused; vmlm-tui resume {vm} continues it.",
    ),
}
SET_ABOUT = "Changes the limits of the migration of VM while it runs."
LIMITS = {
    DOWNTIME: "{vm} may be paused for {value} ms.",
    BANDWIDTH: "{vm} is sent with at most {value} MiB/s.",
}
LOOK_EVERY_S = 1.0  # whether a process still follows the migration
NO_LIMIT = "{vm} is sent without a bandwidth limit."


def main(verb: str, words: list[str]) -> int:
    """Request a change; returns the exit status, raises Failure for wrong words."""
    sets = verb not in VERBS
    about = SET_ABOUT if sets else VERBS[verb].about
    values = " [--downtime TIME] [--bandwidth RATE]" if sets else ""
    parser = parser_of(verb, f"{verb} VM{values} [--config FILE] [--help]", f"{about} {STATUS}")
    add_vm(parser)
    if sets:
        add_limits(parser)
    options = parser.parse(words)
    if options.help:
        return help_of(parser)
    if options.vm is None:
        parser.error("VM is missing")
    requests: list[Request] = [] if sets else [(VERBS[verb].action, None)]
    if sets:
        given, fields = numbers(options), ((DOWNTIME, "downtime_ms"), (BANDWIDTH, "bandwidth_mib_s"))
        requests = [(each, given[field]) for each, field in fields if field in given]
        if not requests:
            parser.error("one of --downtime and --bandwidth is required")

    async def command(session: Session) -> int:
        return await control(session, options.vm, requests)

    return run(verb, options, configured(options), command)


async def control(session: Session, vm: str, requests: Sequence[Request]) -> int:
    """Request the changes of the migration of `vm`, and print what libvirt accepted; raises Failure if it refuses."""
    await session.migrations.attach()
    migration = under_way(session.migrations, vm, requests[0][0])
    for action, value in requests:
        session.output.lines([_done(migration, action, await accepted(migration, action, value))])
    return 0


def under_way(migrations: "Migrations", vm: str, action: str) -> "Migration":
    """The migration of the VM if `action` is possible now; raises Failure with the sentence of the page's key."""
    found = [each for each in migrations.all.values() if each.vm.name == vm]
    found.sort(key=lambda each: each.timeline.over)
    reason = why_not(action, found[0].timeline if found else None)
    if reason:
        raise Failure(with_commands(reason, vm))
    return found[0]


def _done(migration: "Migration", action: str, value: int | None) -> str:
    sentence = LIMITS.get(action) or next(each.done for each in VERBS.values() if each.action == action)
    if action == BANDWIDTH and not value:
        sentence = NO_LIMIT
    return sentence.format(vm=migration.vm.name, origin=migration.origin, target=migration.target, value=value)


async def accepted(migration: "Migration", action: str, value: int | None = None) -> int | None:
    """Request an action, and wait until libvirt has accepted it; returns its value, raises Failure if it refuses."""
    import asyncio

    from tui.core.limit import within

    records: asyncio.Queue[Record] = asyncio.Queue()
    migration.listen(records.put_nowait)
    since, refused = migration.timeline.now, False
    await migration.controls.request(action, value)
    while not _shown(action, migration.timeline):
        try:
            each = await within(LOOK_EVERY_S, records.get())
        except asyncio.TimeoutError:
            if migration.timeline.unfollowed:
                why = "the process in the background has ended, and the next one does not find the migration"
                hint = f"Check that {migration.origin} and {migration.target} respond, then try again."
                raise Failure(f"It is unknown whether {migration.vm.name} was changed", why, hint) from None
            continue
        if not isinstance(each, Event) or each.t < since:
            continue
        if refused and each.kind == record.ERROR:
            what, why, hint = (str(each.data.get(key, "")) for key in ("what", "why", "hint"))
            raise Failure(what, why, hint)
        if each.kind == record.ACTION and each.data.get("action") == action and action != RESUME:
            refused = bool(each.data.get("failed"))
            if not refused and action not in (CANCEL, POST_COPY_NOW):  # those are done when the phase shows it
                return each.data.get("value")
        if migration.timeline.over and not _shown(action, migration.timeline):
            raise Failure(f"Nothing was changed for {migration.vm.name}", "its migration ended before")
    return value


def _shown(action: str, timeline: Timeline) -> bool:
    """Whether the phase shows that the action happened, whoever requested it."""
    if action == RESUME:  # it is tried until memory moves, which may be until the end
        return timeline.phase == COMPLETED or (timeline.phase == POST_COPY and not timeline.post_copy_failed)
    return timeline.phase == {POST_COPY_NOW: POST_COPY, CANCEL: CANCELLED}.get(action)
