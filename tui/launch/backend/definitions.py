"""Changes the definitions of VMs that are off; that of before is kept in a file."""

import os
from datetime import datetime, timezone
from pathlib import Path

from tui.core.connections import Connections
from tui.core.failure import Failure
from tui.core.protocols import Hypervisor
from tui.launch.model.edited import Definition, why_not_replace
from tui.vm.backend.location import placement
from tui.vm.backend.vms import Vms
from tui.vm.model.domain import parse
from tui.vm.model.domain_mark import UNFINISHED
from tui.vm.model.location import VmPlacement, state_words
from tui.vm.model.xml_complaint import rejected


class Definitions:
    """Reads and replaces definitions; every method raises Failure."""

    def __init__(self, connections: Connections, vms: Vms, folder: Path) -> None:
        self._connections = connections
        self._vms = vms
        self._folder = folder

    async def read(self, name: str) -> Definition:
        """The definition of a VM that is off, with its secrets: without them, they would be lost."""
        where = await placement(self._connections, name)
        _require_off(where)
        xml = await self._connections.query(where.host, lambda each: each.definition(name, inactive=True), name)
        if not xml:
            raise _gone(name, where.host)
        if mark := parse(xml).mark:
            raise Failure(f"{name} can't be edited", UNFINISHED[mark].removesuffix("."))
        return Definition(name, where.host, xml, f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}")

    async def change(self, before: Definition, xml: str) -> str:
        """Define the VM with `xml` on the host where it is; returns a sentence for the user."""
        if xml == before.xml:
            return f"The definition of {before.name} was not changed."
        listing = await self._vms.listing()
        _require_off(listing.where(before.name))
        failure = why_not_replace(before, xml, listing)
        if failure:
            raise failure
        kept = self._keep(before.file_name, before.xml)

        def define(hypervisor: Hypervisor) -> bool:
            if not _unchanged(hypervisor, before):
                return False
            try:
                hypervisor.define(xml)
            except Failure as failure:
                raise rejected(failure, xml) from failure
            return True

        if not await self._connections.command(before.host, define):
            edited = self._keep(f"edited-{before.file_name}", xml)
            what, why = f"{before.name} was not changed", "another program has changed its definition meanwhile"
            raise Failure(what, why, f"Your text is in {edited}. Close the editor and edit the new definition.")
        await self._vms.on(before.host, reread=True)
        return f"The definition of {before.name} on {before.host} was changed. The one of before is in {kept}."

    def _keep(self, name: str, xml: str) -> Path:
        """Write a file that only the user can read, because a definition may contain passwords."""
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(xml)
        except OSError as error:
            what = f"The definition can't be kept in {path}"
            raise Failure(what, error.strerror or str(error), "Nothing was changed.") from error
        return path


def _require_off(where: VmPlacement) -> None:
    if where.vm is None:
        raise Failure(f"{where.name} can't be edited", where.sentence)
    if where.active:
        raise _runs(where.name, where.sentence)


def _unchanged(hypervisor: Hypervisor, before: Definition) -> bool:
    """Whether the VM still has the definition that was edited; Failure if it runs or is gone."""
    vm = hypervisor.vm(before.name)
    if vm is None:
        raise _gone(before.name, before.host)
    if vm.active:
        raise _runs(before.name, f"{state_words(vm)} on {before.host}")
    return hypervisor.definition(before.name, inactive=True) == before.xml


def _runs(name: str, sentence: str) -> Failure:
    return Failure(f"{name} can't be edited", f"it is {sentence}", "Shut it down first.")


def _gone(name: str, host: str) -> Failure:
    return Failure(f"{name} can't be edited", f"{host} does not have it any more")
