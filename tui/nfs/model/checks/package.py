"""NFS's packages: the server's on the storage server, the client's on both others."""

from tui.checklist.model import package_lists
from tui.checklist.model.check import FAILED, OK, Finding
from tui.linux import apt
from tui.linux.change import Change, Command, Move
from tui.linux.packages import SERVER
from tui.nfs.model.facts import HostRead, NfsFacts
from tui.nfs.model.script import USERS

STILL_USED = (
    "if cat /etc/exports /etc/exports.d/*.exports 2> /dev/null | grep -Eq '^[[:space:]]*[^#[:space:]]'; then"
    " echo 'other folders are exported from here by now: the NFS server stays'; exit 1; fi"
)
# What the daemons have written, and a unit that systemd goes on calling failed although it is gone.
CLEAR = (
    "rm -rf /var/lib/nfs/.etab.lock /var/lib/nfs/export-lock /var/lib/nfs/nfsdcld; rmdir /var/lib/nfs; "
    "systemctl reset-failed nfs-blkmap.service; :"
)


def check_lists(_facts: NfsFacts, host: HostRead) -> Finding:
    return package_lists.check_lists(host.package)


def change_lists(_facts: NfsFacts, host: HostRead) -> Change | str:
    return Change((Move(apt.update(host.role)),), note="Asks the host's package servers what they have.")


def check_package(_facts: NfsFacts, host: HostRead) -> Finding:
    package = host.package
    if package.installed:
        what = f"{package.name} is installed" if package.manager == "apt" else "NFS's programs are installed"
        return Finding(OK, what)
    hint = "" if package.manager == "apt" else _by_hand(host)
    return Finding(FAILED, f"{package.name} is not installed", f"{package.name} installed", hint)


def change_package(_facts: NfsFacts, host: HostRead) -> Change | str:
    """Installs it; what apt would bring along is what takes it back removes, and nothing else."""
    package = host.package
    if package.manager != "apt":
        return f"the app installs with apt only. {_by_hand(host)}"
    if not package.known:
        return "the package lists do not know it"
    if package.removed:
        return f"apt would remove {', '.join(package.removed)} for it: another NFS server? Decide that on the host"
    role, note = host.role, apt.install_note(package)
    if "rpcbind" in package.new:
        note += " rpcbind among them listens on port 111; NFS 4 does not need it, older clients do."
    moves = [Move(apt.update(role, may_fail=True))] if host.lists_age_s > apt.DAY_S else []
    moves.append(Move(apt.install(role, package.name), _removal(host)))
    return Change(tuple(moves), note)


def _removal(host: HostRead) -> tuple[Command, ...]:
    role, package, kept = host.role, host.package, host.configuration
    makes_users = "rpcbind" in package.new or "nfs-common" in package.new
    users = tuple(user for user in USERS if user not in host.users) if makes_users else ()
    commands = apt.taken_away(role, package, kept, users)
    if package.name == SERVER and "/etc/exports" not in kept:
        commands = (Command(role, ("sh", "-c", STILL_USED)), *commands)
    if "nfs-common" in package.new:
        commands = (*commands, Command(role, ("sh", "-c", CLEAR)))
    return commands


def _by_hand(host: HostRead) -> str:
    command = host.package.elsewhere
    return f"As root on it: {command}" if command else "Install NFS with that host's own package manager."
