"""The calls that mend what keeps a VM from migrating: its devices, its snapshots, its block jobs."""

import libvirt

from tui.adapters.libvirt.calls import Calls
from tui.adapters.libvirt.inventory import ORDERED

NEXT_BOOT = libvirt.VIR_DOMAIN_XML_INACTIVE | libvirt.VIR_DOMAIN_XML_SECURE
FORGET = libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY


class FixCalls(Calls):
    """The part of core.protocols.Hypervisor that changes a VM so that it can migrate."""

    def next_definition(self, name: str) -> str:
        def read() -> str:
            domain = self._connection.lookupByName(name)
            return str(domain.XMLDesc(NEXT_BOOT)) if domain.isPersistent() else ""

        return self._do(f"The definition of {name} could not be read", read)

    def update_device(self, name: str, xml: str, *, live: bool, config: bool, force: bool = False) -> None:
        flags = _scope(live, config) | (libvirt.VIR_DOMAIN_DEVICE_MODIFY_FORCE if force else 0)
        lookup = self._connection.lookupByName
        self._do(f"The device of {name} could not be changed", lambda: lookup(name).updateDeviceFlags(xml, flags))

    def detach_device(self, name: str, xml: str, *, live: bool, config: bool) -> None:
        flags, lookup = _scope(live, config), self._connection.lookupByName
        self._do(f"The device of {name} could not be detached", lambda: lookup(name).detachDeviceFlags(xml, flags))

    def snapshot_definitions(self, name: str) -> dict[str, str]:
        secure = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE

        def read() -> dict[str, str]:
            found = self._connection.lookupByName(name).listAllSnapshots(ORDERED)
            return {each.getName(): each.getXMLDesc(secure) for each in found}

        return self._do(f"The snapshots of {name} could not be read", read)

    def forget_snapshot(self, name: str, snapshot: str) -> None:
        what, lookup = f"The snapshot {snapshot} of {name} could not be forgotten", self._connection.lookupByName
        self._do(what, lambda: lookup(name).snapshotLookupByName(snapshot).delete(FORGET))

    def abort_block_job(self, name: str, disk: str) -> None:
        what, lookup = f"The block job of {name} could not be aborted", self._connection.lookupByName
        self._do(what, lambda: lookup(name).blockJobAbort(disk))

    def abort_backup(self, name: str) -> None:
        what, lookup = f"The backup of {name} could not be aborted", self._connection.lookupByName
        self._do(what, lambda: lookup(name).abortJob())


def _scope(live: bool, config: bool) -> int:
    return (libvirt.VIR_DOMAIN_AFFECT_LIVE if live else 0) | (libvirt.VIR_DOMAIN_AFFECT_CONFIG if config else 0)
