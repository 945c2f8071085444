"""NFS's packages: the server's on the storage server, the client's on both others."""

from tui.model.change import Change, Command, Move
from tui.model.check import FAILED, NOT_NEEDED, OK, Finding
from tui.model.nfs_facts import HostRead, NfsFacts
from tui.model.nfs_script import USERS
from tui.model.packages import SERVER

INSTALL_LIMIT_S = 1200.0  # a slow mirror, a slow disk; what apt prints is seen meanwhile
UPDATE_LIMIT_S = 600.0
DAY_S = 86_400

QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l")  # asks nothing, restarts no other service
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120")

KEEP = 'for each; do [ ! -e "$each" ] || cp -p -- "$each" "$each.vmlm-kept"; done'
RETURN = (
    'for each; do [ ! -e "$each.vmlm-kept" ] || mv -f -- "$each.vmlm-kept" "$each"; rm -f -- "$each.ucf-dist"; done'
)
STILL_USED = (
    "if cat /etc/exports /etc/exports.d/*.exports 2> /dev/null | grep -Eq '^[[:space:]]*[^#[:space:]]'; then"
    " echo 'other folders are exported from here by now: the NFS server stays'; exit 1; fi"
)
REMOVE_USERS = 'for each; do if getent passwd "$each" > /dev/null; then userdel "$each"; fi; done'
# What the daemons have written, and a unit that systemd goes on calling failed although it is gone.
CLEAR = (
    "rm -rf /var/lib/nfs/.etab.lock /var/lib/nfs/export-lock /var/lib/nfs/nfsdcld; rmdir /var/lib/nfs; "
    "systemctl reset-failed nfs-blkmap.service; :"
)


def check_lists(_facts: NfsFacts, host: HostRead) -> Finding:
    """Whether the package can be had at all."""
    package = host.package
    if package.installed:
        return Finding(NOT_NEEDED, f"{package.name} is installed")
    if package.manager != "apt":
        return Finding(NOT_NEEDED, "this host's packages are not apt's")
    if package.known:
        return Finding(OK, f"apt knows {package.name}")
    return Finding(
        FAILED,
        f"apt knows no {package.name}, its lists are empty or old",
        f"{package.name} in the package lists",
        detail=package.said,
    )


def change_lists(_facts: NfsFacts, host: HostRead) -> Change | str:
    return Change((Move(_update(host)),), note="Asks the host's package servers what they have.")


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
    role, note = host.role, f"Installs {len(package.new)} packages: {', '.join(package.new)}."
    if package.upgraded:
        note += f" It brings {', '.join(package.upgraded)} to a newer version, which is not taken back."
    if "rpcbind" in package.new:
        note += " rpcbind among them listens on port 111; NFS 4 does not need it, older clients do."
    install = (*QUIET, *APT, "install", "-y", "--no-install-recommends", package.name)
    moves = [Move(_update(host, may_fail=True))] if host.lists_age_s > DAY_S else []
    moves.append(Move(Command(role, install, timeout_s=INSTALL_LIMIT_S), _removal(host)))
    return Change(tuple(moves), note)


def _update(host: HostRead, *, may_fail: bool = False) -> Command:
    """One broken source among several must not keep a package from being installed."""
    argv: tuple[str, ...] = (*APT, "update")
    if may_fail:
        argv = ("sh", "-c", f"{' '.join(argv)} || echo 'Not all package lists could be updated.'")
    return Command(host.role, argv, timeout_s=UPDATE_LIMIT_S)


def _removal(host: HostRead) -> tuple[Command, ...]:
    """dpkg, not apt: it never removes what somebody else has installed on top meanwhile, but says so and stops.

    A purge removes configuration whoever wrote it; what was there before is kept aside. Users stay behind it.
    """
    role, package = host.role, host.package
    kept, users = host.configuration, tuple(user for user in USERS if user not in host.users)
    purged = tuple(name for name in package.new if name not in package.residual)
    commands = []
    if package.name == SERVER and "/etc/exports" not in kept:
        commands.append(Command(role, ("sh", "-c", STILL_USED)))
    if kept:
        commands.append(Command(role, ("sh", "-c", KEEP, "sh", *kept)))
    if purged:
        commands.append(Command(role, (*QUIET, "dpkg", "--purge", *purged), timeout_s=INSTALL_LIMIT_S))
    if package.residual:
        commands.append(Command(role, (*QUIET, "dpkg", "--remove", *package.residual), timeout_s=INSTALL_LIMIT_S))
    if kept:
        commands.append(Command(role, ("sh", "-c", RETURN, "sh", *kept)))
    if users and ("rpcbind" in package.new or "nfs-common" in package.new):
        commands.append(Command(role, ("sh", "-c", REMOVE_USERS, "sh", *users)))
    if "nfs-common" in package.new:
        commands.append(Command(role, ("sh", "-c", CLEAR)))
    return tuple(commands)


def _by_hand(host: HostRead) -> str:
    command = host.package.elsewhere
    return f"As root on it: {command}" if command else "Install NFS with that host's own package manager."
