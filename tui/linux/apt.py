"""Packages installed and taken away again as apt and dpkg do it: what the Hosts and the NFS list have in common."""

from tui.linux.change import Command
from tui.linux.packages import Package

INSTALL_LIMIT_S = 1200.0  # a slow mirror, a slow disk; what apt prints is seen meanwhile
UPDATE_LIMIT_S = 600.0
DAY_S = 86_400

QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_MODE=l")  # asks nothing, restarts no other service
APT = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=120")

# A link is kept as one, whatever it leads to.
KEEP = """for each; do
  if [ -e "$each" ] || [ -L "$each" ]; then cp -pPT -- "$each" "$each.vmlm-kept"; fi
done"""
RETURN = """for each; do
  kept=$each.vmlm-kept
  if [ -e "$kept" ] || [ -L "$kept" ]; then mv -fT -- "$kept" "$each"; fi
  rm -f -- "$each.ucf-dist"
done"""
REMOVE_USERS = 'for each; do if getent passwd "$each" > /dev/null; then userdel "$each"; fi; done'


def update(host: str, *, may_fail: bool = False) -> Command:
    """One broken source among several must not keep a package from being installed."""
    argv: tuple[str, ...] = (*APT, "update")
    if may_fail:
        argv = ("sh", "-c", f"{' '.join(argv)} || echo 'Not all package lists could be updated.'")
    return Command(host, argv, timeout_s=UPDATE_LIMIT_S)


def install(host: str, *names: str) -> Command:
    """What is only recommended stays away."""
    argv = (*QUIET, *APT, "install", "-y", "--no-install-recommends", *names)
    return Command(host, argv, timeout_s=INSTALL_LIMIT_S)


def install_note(package: Package) -> str:
    """What a person should know before it is installed."""
    note = f"Installs {len(package.new)} packages: {', '.join(package.new)}."
    if package.upgraded:
        note += f" It brings {', '.join(package.upgraded)} to a newer version, which is not taken back."
    return note


def taken_away(host: str, package: Package, kept: tuple[str, ...], users: tuple[str, ...]) -> tuple[Command, ...]:
    """What removes all that came with a package.

    dpkg, not apt: it never removes what somebody else has installed on top meanwhile, but says so and stops. A purge
    removes configuration whoever wrote it: the files `kept`, which were there before, are kept aside meanwhile, and
    packages whose configuration was there before (`residual`) leave theirs. `users` are those that the packages make
    and leave behind.
    """
    purged = tuple(name for name in package.new if name not in package.residual)
    steps = [("--purge", purged)] if purged else []
    if package.residual:  # all of them at once, for they need each other
        steps.insert(0, ("--remove", package.new))
    commands = []
    if kept:
        commands.append(Command(host, ("sh", "-c", KEEP, "sh", *kept)))
    commands += [Command(host, (*QUIET, "dpkg", how, *names), timeout_s=INSTALL_LIMIT_S) for how, names in steps]
    if kept:
        commands.append(Command(host, ("sh", "-c", RETURN, "sh", *kept)))
    if users:
        commands.append(Command(host, ("sh", "-c", REMOVE_USERS, "sh", *users)))
    return tuple(commands)
