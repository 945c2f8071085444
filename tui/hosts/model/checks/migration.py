"""Steps of the Hosts list about the migration's own way: its ports, and what post-copy asks of the kernel."""

from tui.checklist.model.check import FAILED, OK, UNKNOWN, WARNING, Finding
from tui.checklist.model.step import Step
from tui.core.failure import Failure
from tui.hosts.model.checks.basic import version
from tui.hosts.model.facts import HostsFacts, Libvirt, unread
from tui.hosts.model.host import System
from tui.hosts.model.ports import REFUSED, SILENT, Tried, ranges
from tui.hosts.model.userfaultfd import NO_PERL, SYSCTL, Userfaultfd
from tui.linux.change import AddLines, Change, Command, Move, RemoveLines
from tui.linux.firewall import Firewall, opened
from tui.linux.perl import INSTALL, MISSING
from tui.linux.qemu_conf import MIGRATION_PORTS, QemuConf

SYSCTL_FILE = "/etc/sysctl.d/60-vmlm-tui.conf"
CLOSED = {
    SILENT: "no answer, as where a firewall drops what comes in",
    REFUSED: "refused, though something listened: a firewall turns it away",
    "No route to host": "no way to them, as where a firewall turns away what comes in",
}
# From these on libvirt itself hands QEMU the device, and QEMU knows how to use it.
DEVICE_LIBVIRT, DEVICE_QEMU = (10, 1, 0), (8, 0, 0)


def ports(start: str, end: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        tried = facts.way(start, end).ports
        if not isinstance(tried, Tried):
            return unread(tried)
        wanted = f"{start} reaches all of them"
        in_use = f"; {ranges(tried.in_use)} in use, not tried" if tried.in_use else ""
        if not tried.outcomes:
            return Finding(UNKNOWN, f"none could be tried{in_use}", wanted)
        if tried.closed and (elsewhere := _elsewhere(facts, end, tried)):
            hint = f"Mend migration_host in qemu.conf of {end} or its own name, or what {start} takes that name for."
            return Finding(FAILED, elsewhere, wanted, hint)
        if tried.closed:
            words = [f"{ranges(closed)}: {CLOSED.get(kind, kind)}" for kind, closed in tried.closed.items()]
            return Finding(FAILED, f"at {tried.address} {'; '.join(words)}{in_use}", wanted)
        return Finding(OK, f"{start} reached {len(tried.outcomes)} ports at {tried.address}{in_use}")

    def change(facts: HostsFacts) -> Change | str:
        firewall, other, conf = facts.way(start, end).firewall, facts.address(start), facts.at(end).conf
        if isinstance(firewall, Failure):
            return f"its firewall can't be looked at: {firewall.what}"
        if not isinstance(firewall, Firewall):
            return ""
        if not other:
            return f"the address of {start}, for which alone it would be opened, is not known"
        return opened(end, firewall, other, conf.migration_ports if isinstance(conf, QemuConf) else MIGRATION_PORTS)

    first, last = MIGRATION_PORTS
    title = f"the migration ports are open to the {start}"
    why = (
        f"The VM's memory goes from QEMU to QEMU over a port between {first} and {last} of the host it moves to. "
        "Something listens on all of them for a moment here, and is connected to from there."
    )
    return Step(f"{end}.ports", end, title, why, check, change)


def _elsewhere(facts: HostsFacts, end: str, tried: Tried) -> str:
    """That no port of the host itself was tried, empty where one was: libvirt goes where its name leads."""
    system = facts.at(end).system
    if not isinstance(system, System) or not system.addresses or tried.address in system.addresses:
        return ""
    name = facts.announced(end)
    return f"{end} calls itself {name}, which is {tried.address}: not one of its addresses, and closed"


def userfaultfd(host: str) -> Step[HostsFacts]:
    def check(facts: HostsFacts) -> Finding | None:
        tried, libvirt = facts.at(host).userfaultfd, facts.at(host).libvirt
        if not isinstance(tried, Userfaultfd):
            return unread(tried)
        if tried.call == "granted":
            return Finding(OK, f"granted to QEMU's user ({SYSCTL} is {tried.sysctl or 'not known to this kernel'})")
        if isinstance(libvirt, Libvirt) and libvirt.daemon.hypervisor_version >= DEVICE_QEMU:
            number = version(libvirt.daemon.libvirt_version)
            if tried.opens:
                return Finding(OK, "/dev/userfaultfd opens for QEMU's user, and this QEMU uses it")
            if tried.device and libvirt.daemon.libvirt_version >= DEVICE_LIBVIRT:
                return Finding(OK, f"libvirt {number} hands QEMU /dev/userfaultfd by itself")
        wanted = "QEMU's user may use userfaultfd"
        if tried.call == "missing":
            return Finding(FAILED, "this kernel has no userfaultfd", wanted, "A newer kernel is needed for post-copy.")
        if tried.call == "denied":
            return Finding(FAILED, f"denied to QEMU's user; {SYSCTL} is {tried.sysctl or 'not there'}", wanted)
        state = OK if tried.sysctl == "1" else WARNING
        why, hint = (f": {MISSING}", INSTALL) if tried.call == NO_PERL else ("", "")
        return Finding(state, f"it could not be tried{why}; {SYSCTL} is {tried.sysctl or 'not there'}", wanted, hint)

    def change(facts: HostsFacts) -> Change | str:
        tried = facts.at(host).userfaultfd
        if not isinstance(tried, Userfaultfd) or tried.call != "denied":
            return ""
        if not tried.sysctl:
            return "this kernel has no setting for it"
        if tried.sysctl == "1":
            return f"{SYSCTL} is 1 already: a security module, or the container this host is, forbids it"
        line = (f"{SYSCTL} = 1",)
        now = Move(
            Command(host, ("sysctl", "-w", f"{SYSCTL}=1")),
            (Command(host, ("sysctl", "-w", f"{SYSCTL}={tried.sysctl}")),),
        )
        later = Move(AddLines(host, SYSCTL_FILE, line), (RemoveLines(host, SYSCTL_FILE, line),))
        return Change(
            (now, later), "now, and again after a restart; every program of the host may then use userfaultfd"
        )

    why = (
        "After the switch to post-copy the VM runs before its memory is there: QEMU fetches a page when it is touched, "
        "and learns of that through userfaultfd."
    )
    return Step(f"{host}.userfaultfd", host, "QEMU may use userfaultfd", why, check, change, (f"{host}.root",))
