"""The NFS packages: nfs-kernel-server on the storage server, nfs-common on the other two hosts."""

from tui.checklist.model.check import FAILED, OK, Finding
from tui.linux import apt
from tui.linux.change import Change, Command, Move
from tui.linux.packages import SERVER
from tui.nfs.model.facts import ClientRead, HostRead, NfsFacts
from tui.nfs.model.script import USERS

NO_CLIENT = "this host's kernel has no NFS client"
KERNEL_HINT = (
    "Boot a kernel that has it, such as the distribution's own. If this host shares the kernel of a machine that has "
    "the module, run there: modprobe nfs"
)
STILL_USED = (
    "if cat /etc/exports /etc/exports.d/*.exports 2> /dev/null | grep -Eq '^[[:space:]]*[^#[:space:]]'; then"
    " echo 'this host exports other folders, so the NFS server stays'; exit 1; fi"
)
# Files that the daemons wrote, and a unit that systemd reports as failed even after it was removed.
CLEAR = (
    "rm -rf /var/lib/nfs/.etab.lock /var/lib/nfs/export-lock /var/lib/nfs/nfsdcld; rmdir /var/lib/nfs; "
    "systemctl reset-failed nfs-blkmap.service; :"
)


def change_lists(_facts: NfsFacts, host: HostRead) -> Change | str:
    """Downloads the package lists."""
    return Change((Move(apt.update(host.role)),), note="Downloads the package lists from the host's package servers.")


def check_package(_facts: NfsFacts, host: HostRead) -> Finding:
    """Whether the package is installed, and the kernel of a client can mount."""
    package = host.package
    if isinstance(host, ClientRead) and not host.mountable:
        return Finding(FAILED, NO_CLIENT, "a kernel that can mount NFS", KERNEL_HINT)
    if package.installed:
        what = f"{package.name} is installed" if package.manager == "apt" else "the NFS programs are installed"
        return Finding(OK, what)
    hint = "" if package.manager == "apt" else _by_hand(host)
    return Finding(FAILED, f"{package.name} is not installed", f"{package.name} installed", hint)


def change_package(_facts: NfsFacts, host: HostRead) -> Change | str:
    """Installs the package; the undo removes exactly the packages that apt would install for it."""
    package = host.package
    if isinstance(host, ClientRead) and not host.mountable:
        return NO_CLIENT
    if package.manager != "apt":
        return f"the app installs with apt only. {_by_hand(host)}"
    if not package.known:
        return "the package lists do not contain it"
    if package.removed:
        return f"apt would remove {', '.join(package.removed)}. If that is fine, install {package.name} by hand"
    role, note = host.role, apt.install_note(package)
    if "rpcbind" in package.new:
        note += " One of them, rpcbind, listens on port 111; older clients need it, NFS 4 does not."
    moves = [Move(apt.update(role, may_fail=True))] if host.lists_age_s > apt.DAY_S else []
    moves.append(Move(apt.install(role, package.name), _removal(host)))
    return Change(tuple(moves), note)


def _removal(host: HostRead) -> tuple[Command, ...]:
    role, package, kept = host.role, host.package, host.configuration
    makes_users = "rpcbind" in package.new or "nfs-common" in package.new
    users = tuple(user for user in USERS if user not in host.users) if makes_users else ()
    commands = apt.removal(role, package, kept, users)
    if package.name == SERVER and "/etc/exports" not in kept:
        commands = (Command(role, ("sh", "-c", STILL_USED)), *commands)
    if "nfs-common" in package.new:
        commands = (*commands, Command(role, ("sh", "-c", CLEAR)))
    return commands


def _by_hand(host: HostRead) -> str:
    command = host.package.elsewhere
    return f"Run there as root: {command}" if command else "Install NFS with that host's own package manager."
