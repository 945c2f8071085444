"""Steps about the migration itself: its ports, and userfaultfd for post-copy."""

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.failure import Failure
from tui.core.host_words import the
from tui.hosts.model.checks.basic import version
from tui.hosts.model.facts import Configured, HostsFacts, Libvirt, unread
from tui.hosts.model.host import System
from tui.hosts.model.ports import REFUSED, SILENT, Tried, ranges
from tui.hosts.model.userfaultfd import NO_PERL, SYSCTL, Userfaultfd
from tui.linux.change import Change, added, reversible
from tui.linux.firewall import Firewall, opened
from tui.linux.perl import INSTALL, MISSING
from tui.linux.qemu_conf import MIGRATION_PORTS, QemuConf

SYSCTL_FILE = "/etc/sysctl.d/60-vmlm-tui.conf"
CLOSED = {
    SILENT: "no reply; a firewall may drop the packets",
    REFUSED: "refused although a listener was running; a firewall rejects them",
    "No route to host": "no route to host; a firewall may reject the packets",
}
NO_CALL = (
    "Post-copy needs a kernel with CONFIG_USERFAULTFD. If this one has it, a container or an emulated kernel hides it."
)
# From these versions libvirt gives QEMU the device, and QEMU can use it.
DEVICE_LIBVIRT, DEVICE_QEMU = (10, 1, 0), (8, 0, 0)


def ports(known: Configured, start: str, end: str) -> Step[HostsFacts]:
    """Connections from `start` to the migration ports of `end`."""

    def check(facts: HostsFacts) -> Finding | None:
        tried = facts.way(start, end).ports
        if not isinstance(tried, Tried):
            return unread(tried)
        wanted = f"{start} reaches all of them"
        in_use = f"; {ranges(tried.in_use)} in use, not tried" if tried.in_use else ""
        if not tried.outcomes:
            return Finding(UNKNOWN, f"none could be tried{in_use}", wanted)
        if tried.closed and (elsewhere := _elsewhere(facts, end, tried)):
            hint = f"Correct migration_host in qemu.conf of {end}, its host name, or its address on {start}."
            if end in known.migration_address:
                hint = f"Correct migration_address of {end} in the configuration."
            return Finding(FAILED, elsewhere, wanted, hint)
        if tried.closed:
            outcomes = [f"{ranges(closed)}: {CLOSED.get(kind, kind)}" for kind, closed in tried.closed.items()]
            return Finding(FAILED, f"at {tried.address} {'; '.join(outcomes)}{in_use}", wanted)
        return Finding(OK, f"{start} reached {len(tried.outcomes)} ports at {tried.address}{in_use}")

    def change(facts: HostsFacts) -> Change | str:
        firewall, other, conf = facts.way(start, end).firewall, facts.sends_from(start, end), facts.at(end).conf
        if isinstance(firewall, Failure):
            return f"its firewall can't be read: {firewall.what}"
        if not isinstance(firewall, Firewall):
            return ""
        if not other:
            return f"the address of {start} is unknown, and the ports are opened for that address only"
        return opened(end, firewall, other, conf.migration_ports if isinstance(conf, QemuConf) else MIGRATION_PORTS)

    first, last = MIGRATION_PORTS
    title = f"the migration ports are open to {the(start)}"
    why = (
        f"QEMU sends the VM's memory to a port between {first} and {last} of the destination. The check listens on all "
        "of them here for a moment and connects from there."
    )
    return Step(known.id(end, "ports", start), end, title, why, check, change)


def _elsewhere(facts: HostsFacts, end: str, tried: Tried) -> str:
    """The finding if the tried address is not one of the host, else empty; libvirt uses the address of its name."""
    system = facts.at(end).system
    if not isinstance(system, System) or not system.addresses or tried.address in system.addresses:
        return ""
    name = facts.announced(end)
    if end in facts.configured.migration_address:
        leads = "is" if name == tried.address else f"resolves to {tried.address}, which is"
        return f"the migration address {name} of {end} {leads} not one of its addresses"
    return f"{end} reports the name {name}, which resolves to {tried.address}: not one of its addresses"


def userfaultfd(host: str) -> Step[HostsFacts]:
    """userfaultfd for QEMU's user."""

    def check(facts: HostsFacts) -> Finding | None:
        tried, libvirt = facts.at(host).userfaultfd, facts.at(host).libvirt
        if not isinstance(tried, Userfaultfd):
            return unread(tried)
        if tried.call == "granted":
            return Finding(OK, f"granted to QEMU's user ({SYSCTL} is {tried.sysctl or 'missing in this kernel'})")
        if isinstance(libvirt, Libvirt) and libvirt.daemon.hypervisor_version >= DEVICE_QEMU:
            number = version(libvirt.daemon.libvirt_version)
            if tried.opens:
                return Finding(OK, "QEMU's user can open /dev/userfaultfd, and this QEMU uses it")
            if tried.device and libvirt.daemon.libvirt_version >= DEVICE_LIBVIRT:
                return Finding(OK, f"libvirt {number} gives QEMU /dev/userfaultfd")
        wanted = "QEMU's user may use userfaultfd"
        if tried.call == "missing":
            return Finding(FAILED, "this kernel has no userfaultfd", wanted, NO_CALL)
        if tried.call == "denied":
            return Finding(FAILED, f"denied to QEMU's user; {SYSCTL} is {tried.sysctl or 'missing'}", wanted)
        state = OK if tried.sysctl == "1" else WARNING
        why, hint = (f": {MISSING}", INSTALL) if tried.call == NO_PERL else ("", "")
        return Finding(state, f"it could not be tried{why}; {SYSCTL} is {tried.sysctl or 'missing'}", wanted, hint)

    def change(facts: HostsFacts) -> Change | str:
        tried = facts.at(host).userfaultfd
        if not isinstance(tried, Userfaultfd) or tried.call != "denied":
            return ""
        if not tried.sysctl:
            return "this kernel has no such setting"
        if tried.sysctl == "1":
            return f"{SYSCTL} is already 1: a security module or a container forbids it"
        now = reversible(host, ("sysctl", "-w", f"{SYSCTL}=1"), ("sysctl", "-w", f"{SYSCTL}={tried.sysctl}"))
        later = added(host, SYSCTL_FILE, (f"{SYSCTL} = 1",))
        return Change((now, later), "now and at boot; every program of the host may then use userfaultfd")

    why = (
        "After the switch to post-copy the VM runs before all its memory has arrived. QEMU fetches a page when the "
        "guest accesses it, and userfaultfd reports the access."
    )
    return Step(f"{host}.userfaultfd", host, "QEMU may use userfaultfd", why, check, change, (f"{host}.root",))
