"""What is done to a VM after it has moved: its network cards are announced, and its autostart is set."""

import json

import libvirt
import libvirt_qemu

from tui.adapters.libvirt.calls import Calls
from tui.core.failure import Failure
from tui.core.json_text import parsed
from tui.core.protocols import BY_LIBVIRT, BY_MONITOR

LIBVIRT_SINCE, QEMU_SINCE = 12_005_000, 4_000_000  # 12.5, 4.0
# QEMU's own values for the end of a migration: 5 packets, 50 ms to 450 ms apart.
ANNOUNCE_SELF = json.dumps(
    {"execute": "announce-self", "arguments": {"initial": 50, "max": 550, "rounds": 5, "step": 100}}
)


class AfterMoveCalls(Calls):
    """The part of core.protocols.Hypervisor for a VM that has arrived."""

    def autostart(self, name: str) -> bool:
        what = f"The autostart of {name} could not be read"
        return bool(self._do(what, lambda: self._connection.lookupByName(name).autostart()))

    def set_autostart(self, name: str, on: bool) -> None:
        what = f"The autostart of {name} could not be set"
        self._do(what, lambda: self._connection.lookupByName(name).setAutostart(int(on)))

    def announce_by(self) -> str:
        """libvirt's call, if the daemon and the library here have it; else QEMU's command."""

        def read() -> str:
            if hasattr(libvirt.virDomain, "announceInterface") and self._connection.getLibVersion() >= LIBVIRT_SINCE:
                return BY_LIBVIRT
            is_qemu = self._connection.getType() == "QEMU" and self._connection.getVersion() >= QEMU_SINCE
            return BY_MONITOR if is_qemu else ""

        return self._do(f"The versions of {self.uri} could not be read", read)

    def announce(self, name: str, by: str) -> None:
        what = f"The network of {name} could not be announced"
        domain = self._do(what, lambda: self._connection.lookupByName(name))
        if by == BY_LIBVIRT:
            self._do(what, lambda: domain.announceInterface(None, {}, 0))
            return
        reply = self._do(what, lambda: str(libvirt_qemu.qemuMonitorCommand(domain, ANNOUNCE_SELF, 0)))
        refuse_error(what, reply)


def refuse_error(what: str, reply: str) -> None:
    """Raise Failure if QEMU's reply is an error: libvirt returns it like any other reply."""
    try:
        error = parsed(reply).get("error")
    except (ValueError, AttributeError) as broken:
        raise Failure(what, "QEMU's reply is invalid", detail=reply) from broken
    if error is not None:
        raise Failure(what, f"QEMU refused it: {error.get('desc', error)}", detail=reply)
