"""Reads what keeps a VM from migrating, and mends it."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.core.ssh_target import parse_target
from tui.core.threads import on_thread
from tui.core.together import together
from tui.vm.backend.vms import Vms
from tui.vm.model.blockers import Blocker, blockers
from tui.vm.model.domain import Domain, tree
from tui.vm.model.fix import ABORT, BACKUP, COPY, DETACH, FORGET, Fix, folder_name, kept_files
from tui.vm.model.offer import Offer
from tui.vm.model.rules.mend import prepared
from tui.vm.model.rules.rule import DOUBTFUL

RELEASE_LIMIT_S, POLL_EVERY_S = 10.0, 0.5
COPY_LIMIT_S = 120.0
TOO_LARGE, TAKEN = 27, 73  # exit statuses, EFBIG and EX_CANTCREAT

# $1 the file; a firmware has some MiB, and the text passes through this process
READ = f"""
size=$(stat -Lc %s -- "$1") || exit 1
[ "$size" -le 134217728 ] || exit {TOO_LARGE}
exec base64 -w0 -- "$1"
"""
# $1 the file, its content is the input. `mv -n` may exit with 0 without moving, if somebody was faster.
WRITE = f"""
set -eu
[ ! -e "$1" ] || exit {TAKEN}
umask 022
mkdir -p -- "$(dirname -- "$1")"
trap 'rm -f -- "$1.vmlm-new"' EXIT
base64 -d > "$1.vmlm-new"
sync -- "$1.vmlm-new"
mv -nT -- "$1.vmlm-new" "$1" || [ -e "$1" ]
[ ! -e "$1.vmlm-new" ] || exit {TAKEN}
"""


class Fixes:
    """The findings about a VM on `host`, and their changes; `folder` keeps the XML of forgotten snapshots."""

    def __init__(self, connections: Connections, vms: Vms, folder: Path) -> None:
        self._connections = connections
        self._vms = vms
        self._folder = folder

    async def findings(self, name: str, host: str, to: str = "") -> tuple[Blocker, ...]:
        """What is known of the migration of a VM to another host, read now; Failure if its host can't be read."""
        target = self._connections.config.target(host, to)
        answers = await together(*(self._vms.on(each, reread=True) for each in (host, target)))
        answer = answers[0]
        if isinstance(answer, Failure):
            raise answer
        domain = next((each.domain for each in answer if each.vm.name == name), None)
        if isinstance(domain, Failure):
            raise domain
        if domain is None:
            raise Failure(f"{name} is not on {host} any more", "it was moved or deleted meanwhile")
        here, there = await together(*map(self._vms.offer, (host, target)))
        return judged(domain, (host, target), here, there, self._vms.images.folder)

    async def prepared(self, fix: Fix, host: str) -> Fix:
        """The fix with exactly the commands that `run` does; Failure if it was done already."""
        if fix.kind == COPY:
            return replace(fix, ends=(self._file(fix.origin, fix.device), self._file(fix.target, fix.device)))
        definition = await self._connections.query(host, lambda each: each.next_definition(fix.vm))
        if not definition and fix.config and not fix.live:
            why = "libvirt forgets the VM when it ends, so it has no definition for a next boot"
            raise Failure(f"{fix.vm} can't be changed", why, "Create it anew with that change.")
        stamp = datetime.now(tz=timezone.utc).astimezone().strftime("%Y%m%d-%H%M%S")
        found = prepared(fix, definition, str(self._folder / folder_name(fix.vm, stamp)))
        if found is None:
            raise Failure(f"The definition of {fix.vm} has that change already", "", "Shut it down and boot it again.")
        return found

    def _file(self, host: str, path: str) -> str:
        """A file of a host as scp names it on this machine."""
        known = self._connections.config.hosts[host]
        return path if known.local else parse_target(known.ssh).file(path)

    async def run(self, fix: Fix, host: str) -> str:
        """Do it; returns a sentence on what was done."""
        if fix.kind == COPY:
            return await self._copy(fix)
        if fix.kind == FORGET:
            return await self._forget(fix, host)
        await self._connections.command(host, partial(_change, fix))
        if fix.kind == DETACH and fix.live:
            await self._wait_for_release(fix, host)
        later = "" if fix.live or fix.kind == ABORT else " It takes effect when the VM is booted next."
        return f"Done: {fix.does}.{later}"

    async def _wait_for_release(self, fix: Fix, host: str) -> None:
        """Wait until the guest has released the device: libvirt only requests it."""
        alias = _alias(fix.xml)
        if not alias:
            return
        began = time.monotonic()
        while True:
            definition = await self._connections.query(host, lambda each: each.definition(fix.vm))
            if alias not in (each.get("name") for each in tree(definition).iter("alias")):
                return
            if time.monotonic() - began > RELEASE_LIMIT_S:
                raise Failure(
                    f"{fix.vm} has not released the device within {RELEASE_LIMIT_S:.0f} s",
                    "its guest uses it, or does not react to the request",
                    "Stop using it in the guest, then try again.",
                )
            await asyncio.sleep(POLL_EVERY_S)

    async def _forget(self, fix: Fix, host: str) -> str:
        """Keep the definitions first, so that an error there forgets nothing."""
        if fix.keep_in:
            definitions = await self._connections.query(host, lambda each: each.snapshot_definitions(fix.vm))
            order = tuple(each for each in definitions if each in fix.snapshots)
            if set(order) != set(fix.snapshots):
                raise Failure(f"The snapshots of {fix.vm} have changed meanwhile", "", "Look at them again.")
            files = kept_files(order)
            await on_thread(_keep, Path(fix.keep_in), {files[each]: definitions[each] for each in order})
        kept = f" Their definitions are in {fix.keep_in}." if fix.keep_in else ""
        for each in fix.snapshots:
            try:
                await self._connections.command(host, partial(_forget, fix.vm, each))
            except Failure as failure:  # others may be forgotten already
                failure.hint = f"{failure.hint}{kept}".strip()
                raise
        return f"libvirt has forgotten {', '.join(fix.snapshots)}; the disks are unchanged.{kept}"

    async def _copy(self, fix: Fix) -> str:
        sudo, what = self._vms.sudo, f"{fix.device} could not be copied from {fix.origin} to {fix.target}"
        done = await sudo.run(fix.origin, ["sh", "-c", READ, "sh", fix.device], timeout=COPY_LIMIT_S)
        if done.status == TOO_LARGE:
            raise Failure(what, "it is larger than 128 MiB", "Copy it by hand.")
        content = done.output(what)
        done = await sudo.run(fix.target, ["sh", "-c", WRITE, "sh", fix.device], stdin=content, timeout=COPY_LIMIT_S)
        if done.status == TAKEN:
            raise Failure(what, f"{fix.target} has such a file by now", "Look at it again.")
        done.output(what)
        return f"{fix.device} was copied to {fix.target}."


def judged(
    domain: Domain, way: tuple[str, str], here: Offer | Failure | None, there: Offer | Failure, folder: str
) -> tuple[Blocker, ...]:
    """What is known of the migration of a VM from a host to another, with their offers as far as they are known."""
    host, target = way
    if isinstance(there, Failure):
        unread = Blocker(f"{target} can't be reached, so its features are unknown.", DOUBTFUL)
        return (*blockers(domain, folder, target, None, None, host), unread)
    return blockers(domain, folder, target, there, here if isinstance(here, Offer) else None, host)


def _change(fix: Fix, hypervisor: Hypervisor) -> None:
    if fix.kind == ABORT and fix.job == BACKUP:
        hypervisor.abort_backup(fix.vm)
    elif fix.kind == ABORT:
        hypervisor.abort_block_job(fix.vm, fix.device)
    elif fix.kind == DETACH:
        hypervisor.detach_device(fix.vm, fix.xml, live=fix.live, config=fix.config)
    else:
        hypervisor.update_device(fix.vm, fix.xml, live=fix.live, config=fix.config, force=fix.force)


def _forget(vm: str, snapshot: str, hypervisor: Hypervisor) -> None:
    hypervisor.forget_snapshot(vm, snapshot)


def _alias(xml: str) -> str:
    # tree() takes only whole definitions
    alias = tree(f"<domain>{xml}</domain>").find("*/alias")
    return "" if alias is None else alias.get("name", "")


def _keep(folder: Path, files: dict[str, str]) -> None:
    """Write the files, readable only by the user: they may have passwords."""
    try:
        folder.mkdir(mode=0o700, parents=True)
        for name, text in files.items():
            path = folder / name
            path.touch(0o600, exist_ok=False)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        why = error.strerror or str(error)
        raise Failure(f"The snapshots could not be kept in {folder}", why, "Nothing was forgotten.") from error
